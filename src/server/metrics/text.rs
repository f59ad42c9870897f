//! Histograms and counters with fractions, which the exporter's own counters do not know.

use std::fmt::Write;

/// How often something took how long, ready to be written.
#[derive(Debug)]
pub(super) struct Histogram {
    /// One label, if there are several histograms of the name.
    pub label: Option<(&'static str, &'static str)>,
    /// Upper bounds, and how many were at most so large; growing.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
}

/// Appends the histograms of one name.
pub(super) fn histogram(page: &mut String, name: &str, meaning: &str, histograms: &[Histogram]) {
    head(page, name, "histogram", meaning);
    for Histogram { label, buckets, sum, count } in histograms {
        let own = label.map(|(key, value)| format!("{key}=\"{value}\"")).unwrap_or_default();
        let comma = if own.is_empty() { "" } else { "," };
        for (bound, below) in buckets {
            line(page, &format!("{name}_bucket{{{own}{comma}le=\"{bound}\"}} {below}"));
        }
        line(page, &format!("{name}_bucket{{{own}{comma}le=\"+Inf\"}} {count}"));
        let braces = if own.is_empty() { own } else { format!("{{{own}}}") };
        line(page, &format!("{name}_sum{braces} {sum}"));
        line(page, &format!("{name}_count{braces} {count}"));
    }
}

/// Appends a metric with one value.
pub(super) fn single(page: &mut String, name: &str, kind: &str, meaning: &str, value: f64) {
    head(page, name, kind, meaning);
    line(page, &format!("{name} {value}"));
}

fn head(page: &mut String, name: &str, kind: &str, meaning: &str) {
    line(page, &format!("# HELP {name} {meaning}"));
    line(page, &format!("# TYPE {name} {kind}"));
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_ends_with_all_sum_and_count() {
        let mut page = String::new();
        let one =
            |label| Histogram { label, buckets: vec![(0.5, 1), (1.0, 2)], sum: 3.5, count: 3 };
        histogram(&mut page, "h", "Help.", &[one(None), one(Some(("class", "lock")))]);
        let wanted = "# HELP h Help.\n# TYPE h histogram\n\
            h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\n\
            h_sum 3.5\nh_count 3\n\
            h_bucket{class=\"lock\",le=\"0.5\"} 1\nh_bucket{class=\"lock\",le=\"1\"} 2\n\
            h_bucket{class=\"lock\",le=\"+Inf\"} 3\n\
            h_sum{class=\"lock\"} 3.5\nh_count{class=\"lock\"} 3\n";
        assert_eq!(page, wanted);
    }
}
