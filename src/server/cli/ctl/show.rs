//! The list of nodes, for people and for programs.

use lockstep_net::client::Frame;
use serde_json::{Value, json};

use super::ask::{items, text};
use crate::cluster::names::OWN_DIGITS;

/// One node of NODE LIST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub id: String,
    pub address: String,
    pub zone: String,
    pub state: String,
    pub reachable: bool,
    pub leads: Vec<u64>,
    pub replicas: Vec<u64>,
    pub version: u64,
    pub myself: bool,
}

impl Row {
    /// Whether it neither leads nor keeps anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.leads.is_empty() && self.replicas.is_empty()
    }
}

/// The nodes in the answer to NODE LIST.
pub(crate) fn rows(answer: &Frame) -> Vec<Row> {
    items(answer).iter().map(row).collect()
}

fn row(fields: &Frame) -> Row {
    let field = |name: &str| {
        items(fields).chunks_exact(2).find(|pair| text(&pair[0]) == name).map(|pair| &pair[1])
    };
    let string = |name| field(name).map(text).unwrap_or_default();
    let number = |name| string(name).parse::<u64>().unwrap_or_default();
    let numbers = |name| {
        let all = field(name).map(items).unwrap_or_default();
        all.iter().filter_map(|number| text(number).parse().ok()).collect()
    };
    Row {
        id: string("id"),
        address: string("address"),
        zone: string("zone"),
        state: string("state"),
        reachable: number("reachable") == 1,
        leads: numbers("leads"),
        replicas: numbers("replicas"),
        version: number("version"),
        myself: number("myself") == 1,
    }
}

/// A line for each node; the one that was asked has a star.
pub(super) fn table(rows: &[Row]) -> String {
    let head = ["NODE", "ADDRESS", "ZONE", "STATE", "LEADS", "REPLICAS", "VERSION"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let id = row.id.get(..OWN_DIGITS).unwrap_or(&row.id);
        let lost = if row.reachable { "" } else { ", lost" };
        [
            format!("{id}{}", if row.myself { "*" } else { "" }),
            row.address.clone(),
            if row.zone.is_empty() { "-".to_owned() } else { row.zone.clone() },
            format!("{}{lost}", row.state),
            row.leads.len().to_string(),
            row.replicas.len().to_string(),
            row.version.to_string(),
        ]
    }));
    aligned(&lines)
}

fn aligned<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// An array of objects.
pub(super) fn json(rows: &[Row]) -> String {
    let object = |row: &Row| {
        json!({
            "id": row.id,
            "address": row.address,
            "zone": row.zone,
            "state": row.state,
            "reachable": row.reachable,
            "leads": row.leads,
            "replicas": row.replicas,
            "version": row.version,
            "myself": row.myself,
        })
    };
    format!("{:#}\n", Value::Array(rows.iter().map(object).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<Row> {
        let a = Row {
            id: format!("{:016x}{:024x}", 0xabc, 0),
            address: "10.0.0.1:7001".to_owned(),
            state: "up".to_owned(),
            reachable: true,
            leads: vec![0, 2],
            replicas: vec![0, 1, 2],
            version: 1,
            myself: true,
            ..Row::default()
        };
        let b = Row { zone: "east".to_owned(), reachable: false, myself: false, ..a.clone() };
        vec![a, b]
    }

    #[test]
    fn a_table_has_a_line_for_each_node() {
        assert_eq!(
            table(&two()),
            "NODE               ADDRESS        ZONE  STATE     LEADS  REPLICAS  VERSION\n\
             0000000000000abc*  10.0.0.1:7001  -     up        2      3         1\n\
             0000000000000abc   10.0.0.1:7001  east  up, lost  2      3         1\n"
        );
    }

    #[test]
    fn json_holds_everything() {
        let value: Value = serde_json::from_str(&json(&two())).unwrap_or_default();
        assert_eq!(value[0]["leads"], json!([0, 2]));
        assert_eq!(value[1]["reachable"], json!(false));
        assert_eq!(value[1]["zone"], json!("east"));
    }

    #[test]
    fn rows_are_read_from_flat_maps() {
        let bulk = |text: &'static str| Frame::BlobString { data: text.into(), attributes: None };
        let number = |data| Frame::Number { data, attributes: None };
        let array = |data| Frame::Array { data, attributes: None };
        let node = array(vec![
            bulk("id"),
            bulk("7"),
            bulk("unknown"),
            number(1),
            bulk("leads"),
            array(vec![number(4)]),
            bulk("myself"),
            number(1),
        ]);
        let [row] = &rows(&array(vec![node]))[..] else { panic!("one row") };
        assert_eq!((&*row.id, &row.leads[..], row.myself), ("7", &[4][..], true));
        assert!(!row.is_empty());
    }
}
