//! Changes to a good input that keep most of it good: bytes, words of its language, lines, whole pieces.
//!
//! What the words are is the target's knowledge. Inputs of JSON are changed by their nodes, in `json.rs`.

use super::draw::Draw;

/// No input grows beyond this, so that a target that stores inputs stays small.
const MOST: usize = 96 * 1024;

/// Characters and numbers at which readers part ways.
const ODD: &[&str] = &[
    "\0", "\n", "\r\n", "\t", " ", "  ", "\u{7f}", "\u{80}", "é", "e\u{301}", "\u{200b}", "\u{202e}",
    "\u{2028}", "\u{feff}", "\u{ff21}", "\u{fdfa}", "ß", "İ", "😀", "\\", "\"", "'", "%", "%00", "%2f", "@",
    ":", "/", "#", "?", "[", "]", "{", "}", "-", "--", ".", "..", ",", "=", "*", "&", "|", "!", "$", "0x",
    "0X",
];
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "00",
    "01",
    "1",
    "127",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "0.5",
    "-0",
];

/// One to eight changes to one of the seeds.
pub fn bytes(draw: &mut Draw, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut input = draw.pick(seeds).clone();
    for _ in 0..1 << draw.below(4) {
        once(draw, &mut input, seeds, words);
    }
    input.truncate(MOST);
    input
}

/// A text, changed; what is no UTF-8 by that is replaced.
pub fn text(draw: &mut Draw, text: &str, words: &[&str]) -> String {
    let seeds = [text.as_bytes().to_vec()];
    String::from_utf8_lossy(&bytes(draw, &seeds, words)).into_owned()
}

fn once(draw: &mut Draw, input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let (begin, end) = draw.range(input.len());
    match draw.below(13) {
        0 => drop(input.drain(begin..end)),
        1 => {
            let copy = input[begin..end].to_vec();
            input.splice(begin..begin, copy);
        }
        2 | 3 if !words.is_empty() => {
            let word = draw.one_of(words).bytes();
            input.splice(begin..begin, word);
        }
        4 if !words.is_empty() => {
            let word = draw.one_of(words).bytes();
            input.splice(begin..end, word);
        }
        5 => drop(input.splice(begin..begin, draw.one_of(ODD).bytes())),
        6 => drop(input.splice(begin..end, draw.one_of(ODD).bytes())),
        7 => number(draw, input),
        8 => lines(draw, input),
        9 => {
            let other = draw.pick(seeds);
            let (_, cut) = draw.range(other.len());
            input.truncate(begin);
            input.extend_from_slice(&other[cut..]);
        }
        10 => swap_case(&mut input[begin..end]),
        11 if draw.once_in(30) => {
            let piece = input[begin..end].to_vec();
            let times = (MOST / 2).checked_div(piece.len()).unwrap_or_default();
            let times = draw.below(times + 1);
            input.splice(begin..end, piece.repeat(times));
        }
        _ => {
            if let Some(byte) = input.get_mut(begin) {
                *byte ^= 1 << draw.below(8);
            }
        }
    }
}

/// One of the numbers in the input becomes another one.
fn number(draw: &mut Draw, input: &mut Vec<u8>) {
    let from = draw.below(input.len());
    let Some(begin) = (from..input.len()).find(|at| input[*at].is_ascii_digit()) else {
        return;
    };
    let digits = input[begin..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    input.splice(begin..begin + digits, draw.one_of(NUMBERS).bytes());
}

/// A line is left out, doubled, moved or indented.
fn lines(draw: &mut Draw, input: &mut Vec<u8>) {
    let mut all: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (one, other) = (draw.below(all.len()), draw.below(all.len()));
    match draw.below(4) {
        0 => drop(all.remove(one)),
        1 => {
            let copy = all[one].clone();
            all.insert(other, copy);
        }
        2 => all.swap(one, other),
        _ => {
            all[one].splice(0..0, *b"  ");
        }
    }
    *input = all.join(&b'\n');
}

fn swap_case(bytes: &mut [u8]) {
    for byte in bytes {
        if byte.is_ascii_lowercase() {
            byte.make_ascii_uppercase();
        } else {
            byte.make_ascii_lowercase();
        }
    }
}
