//! A user as people read it: ACL LIST and ACL GETUSER.

use super::selector::{KeyPattern, Selector};
use super::user::User;
use crate::Reply;

impl User {
    /// The line of ACL LIST.
    pub fn line(&self, name: &[u8]) -> Vec<u8> {
        let mut line = [b"user ", name].concat();
        let mut add = |word: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(word);
        };
        self.flags().iter().for_each(|flag| add(flag.as_bytes()));
        self.passwords.iter().for_each(|hash| add(&[b"#", &hash[..]].concat()));
        for (at, selector) in self.selectors.iter().enumerate() {
            let text = selector.text();
            match at {
                0 => add(&text),
                _ => add(&[b"(", &text[..], b")"].concat()),
            }
        }
        line
    }

    /// What ACL GETUSER tells.
    pub fn description(&self) -> Reply {
        let passwords = self.passwords.iter().map(Reply::bulk).collect();
        let [own, others @ ..] = &self.selectors[..] else { return Reply::Nil };
        let mut fields = vec![
            field("flags", Reply::Set(self.flags().into_iter().map(Reply::bulk).collect())),
            field("passwords", Reply::Array(passwords)),
        ];
        fields.extend(own.fields());
        let others = others.iter().map(|selector| Reply::Map(selector.fields().into())).collect();
        fields.push(field("selectors", Reply::Array(others)));
        Reply::Map(fields)
    }

    fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.on { "on" } else { "off" }];
        flags.extend(self.no_password.then_some("nopass"));
        flags.extend(self.sanitizes.map(|yes| match yes {
            true => "sanitize-payload",
            false => "skip-sanitize-payload",
        }));
        flags
    }
}

impl Selector {
    /// All of it, as one line.
    fn text(&self) -> Vec<u8> {
        let mut text = self.keys_text();
        let mut add = |word: &[u8]| {
            if !text.is_empty() {
                text.push(b' ');
            }
            text.extend_from_slice(word);
        };
        if !self.all_channels {
            add(b"resetchannels");
        }
        let channels = self.channels_text();
        if !channels.is_empty() {
            add(&channels);
        }
        add(self.commands.text().as_bytes());
        text
    }

    fn fields(&self) -> [(Reply, Reply); 3] {
        [
            field("commands", Reply::bulk(self.commands.text())),
            field("keys", Reply::Bulk(self.keys_text())),
            field("channels", Reply::Bulk(self.channels_text())),
        ]
    }

    fn keys_text(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let sign = |it: &KeyPattern| match (it.read, it.write) {
            (true, false) => "%R~",
            (false, true) => "%W~",
            _ => "~",
        };
        let word = |it: &KeyPattern| [sign(it).as_bytes(), &it.pattern].concat();
        self.keys.iter().map(word).collect::<Vec<_>>().join(&b' ')
    }

    fn channels_text(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let word = |channel: &[u8]| [b"&", channel].concat();
        self.channels.iter().map(|it| word(it)).collect::<Vec<_>>().join(&b' ')
    }
}

fn field(name: &str, value: Reply) -> (Reply, Reply) {
    (Reply::bulk(name), value)
}
