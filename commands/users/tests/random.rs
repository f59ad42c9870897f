//! Random users and commands, against the second reading of the rules, and through bytes.

use super::oracle::Oracle;
use super::shown;
use crate::users::{CATEGORIES, User};
use crate::{Command, table};

/// How many pairs of a user and a command are compared.
const PAIRS: u64 = 200_000;

/// Small numbers that follow from a seed (xorshift*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn users_may_what_a_second_reading_of_the_rules_says() {
    let seed = setting("TEST_SEED").unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(1, |since| since.as_nanos() as u64 | 1)
    });
    let pairs = setting("TEST_ACL_PAIRS").unwrap_or(PAIRS);
    println!("TEST_SEED={seed}");
    let mut dice = Dice(seed | 1);
    let commands: Vec<&Command> =
        table::each().filter(|command| command.subcommands.is_empty()).collect();
    let (mut allowed, mut done) = (0, 0);
    while done < pairs {
        let (user, oracle) = draw_user(&mut dice, &commands);
        for _ in 0..100 {
            let command = dice.one(&commands);
            let line = draw_line(&mut dice, command);
            let words: Vec<&[u8]> = line.iter().map(|word| word.as_bytes()).collect();
            let may = user.check(command.spec, &words).is_ok();
            let should = oracle.allows(command, &words);
            assert_eq!(may, should, "TEST_SEED={seed}: {line:?}\n{}\n{oracle:?}", shown(&user));
            allowed += u64::from(may);
            done += 1;
        }
    }
    assert!(allowed > pairs / 20 && allowed < pairs - pairs / 20, "{allowed} of {pairs}");
}

/// A user with up to a dozen rules; those that are refused are left out. Now and then it
/// goes through its bytes.
fn draw_user(dice: &mut Dice, commands: &[&Command]) -> (User, Oracle) {
    let (mut user, mut oracle) = (User::new(false), Oracle::default());
    for _ in 0..2 + dice.below(10) {
        let rule = match dice.below(12) {
            0 => {
                let inside: Vec<String> =
                    (0..1 + dice.below(4)).map(|_| draw_rule(dice, commands)).collect();
                format!("({})", inside.join(" "))
            }
            1 if dice.below(6) == 0 => "clearselectors".to_owned(),
            _ => draw_rule(dice, commands),
        };
        if let Ok(changed) = user.changed(&[&rule], false) {
            user = changed;
            oracle.add(&rule);
        }
        if dice.below(4) == 0 {
            let again = User::from_bytes(&user.to_bytes()).expect("just written");
            assert_eq!(shown(&again), shown(&user));
            user = again;
        }
    }
    (user, oracle)
}

fn draw_rule(dice: &mut Dice, commands: &[&Command]) -> String {
    let sign = dice.one(&["+", "+", "+", "-"]);
    match dice.below(12) {
        0 => dice.one(&["+@all", "-@all", "+@all"]).to_owned(),
        1..=3 => format!("{sign}@{}", dice.one(&CATEGORIES)),
        4 | 5 => format!("{sign}{}", dice.one(commands).spec.name),
        6 => format!("{sign}{}", dice.one(table::all()).spec.name),
        7 => format!("+{}|{}", dice.one(&["get", "select", "set"]), dice.one(WORDS)),
        8 | 9 => {
            let sign = dice.one(&["~", "~", "%R~", "%W~", "%rw~"]);
            format!("{sign}{}", dice.one(PATTERNS))
        }
        10 => format!("&{}", dice.one(PATTERNS)),
        _ => dice.one(&["allkeys", "resetkeys", "allchannels", "resetchannels", "~*"]).to_owned(),
    }
}

const PATTERNS: &[&str] = &["a*", "*b", "a?", "[ab]*", "a", "b", "ab", "?"];
const WORDS: &[&str] = &["a", "b", "ab", "ba", "aa", "c", "1", "2", "0", "get", "store", "streams"];

/// A call with any words; their number is right, their meaning hardly ever.
fn draw_line(dice: &mut Dice, command: &Command) -> Vec<String> {
    let mut line: Vec<String> = command.spec.name.split('|').map(str::to_owned).collect();
    let least = usize::from(command.spec.arity.unsigned_abs());
    let more = if command.spec.arity < 0 { dice.below(4) } else { 0 };
    while line.len() < least + more {
        line.push(dice.one(WORDS).to_owned());
    }
    line
}

#[test]
fn bytes_that_are_no_user_are_refused() {
    let bytes = super::user("on >a ~b %R~c &d +@read (+set ~e)").to_bytes();
    assert!(User::from_bytes(&bytes).is_ok());
    for end in 0..bytes.len() {
        assert!(User::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    assert!(User::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
}
