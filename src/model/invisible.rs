//! Invisible characters in a text that others read: which are refused, and where a joiner is part of the writing.
//!
//! Refused are control and format characters, line and paragraph separators, and what Unicode lets a reader ignore
//! (`Default_Ignorable_Code_Point`). Two kinds of joiners stay: those inside an emoji sequence that Unicode recommends for
//! interchange (RGI), and those that RFC 5892 allows between letters (appendix A.1 and A.2, which PRECIS calls CONTEXTJ).

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, JoiningType};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::char::canonical_combining_class;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Asks for the coloured form of the character before it.
const EMOJI_PRESENTATION: char = '\u{fe0f}';
/// The combining class of signs that suppress a vowel; behind them a joiner chooses the form of the next letter.
const VIRAMA: u8 = 9;
/// No RGI sequence has more code points; a test asks the table.
const LONGEST_EMOJI: usize = 10;

/// The first character of `text` that its reader does not see and that is no joiner in its place.
pub(super) fn invisible(text: &str) -> Option<char> {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += match emoji_length(&chars[at..]) {
            Some(length) => length,
            None if is_invisible(*c) && !joins_letters(&chars, at) => return Some(*c),
            None => 1,
        };
    }
    None
}

fn is_invisible(c: char) -> bool {
    let hides = matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    hides || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// How many characters at the beginning are an RGI emoji with a joiner or a presentation selector in it.
///
/// Tags, of which three flags are made, are no such characters: they can carry a whole text that no reader sees.
fn emoji_length(chars: &[char]) -> Option<usize> {
    (2..=LONGEST_EMOJI.min(chars.len())).rev().find(|length| {
        let candidate = &chars[..*length];
        let of_joiners = |c: &char| matches!(*c, ZERO_WIDTH_JOINER | EMOJI_PRESENTATION);
        let hides = candidate.iter().filter(|c| is_invisible(**c));
        candidate.iter().any(of_joiners) && hides.clone().all(of_joiners) && is_rgi(candidate)
    })
}

/// The table also finds an emoji by forms that lack a selector, which are not RGI.
fn is_rgi(chars: &[char]) -> bool {
    let text: String = chars.iter().collect();
    emojis::get(&text).is_some_and(|emoji| emoji.as_str() == text)
}

/// RFC 5892, appendix A.1 (ZERO WIDTH NON-JOINER) and A.2 (ZERO WIDTH JOINER).
fn joins_letters(chars: &[char], at: usize) -> bool {
    let (before, after) = (&chars[..at], &chars[at + 1..]);
    let follows_virama = before
        .last()
        .is_some_and(|c| canonical_combining_class(*c) == VIRAMA);
    match chars[at] {
        ZERO_WIDTH_JOINER => follows_virama,
        ZERO_WIDTH_NON_JOINER => {
            let joining = CodePointMapData::<JoiningType>::new();
            let is_opaque = |c: &&char| joining.get(**c) != JoiningType::Transparent;
            let ends = |c: Option<&char>, own: JoiningType| {
                c.is_some_and(|c| {
                    let joins = joining.get(*c);
                    joins == own || joins == JoiningType::DualJoining
                })
            };
            follows_virama
                || ends(before.iter().rev().find(is_opaque), JoiningType::LeftJoining)
                    && ends(after.iter().find(is_opaque), JoiningType::RightJoining)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 14, item 15.
    #[test]
    fn joiners_stay_in_every_recommended_emoji_and_nowhere_else_between_emoji() {
        let (mut joined, mut longest) = (0, 0);
        for emoji in emojis::iter()
            .flat_map(|emoji| std::iter::once(emoji).chain(emoji.skin_tones().into_iter().flatten()))
        {
            let text = emoji.as_str();
            longest = longest.max(text.chars().count());
            let has_tags = text.chars().any(|c| ('\u{e0020}'..='\u{e007f}').contains(&c));
            assert_eq!(invisible(text).is_some(), has_tags, "{text:?}");
            joined += usize::from(text.contains(ZERO_WIDTH_JOINER));
            // Doubled or at an end it joins nothing.
            for bad in [
                format!("{text}\u{200d}"),
                format!("\u{200d}{text}"),
                text.replace('\u{200d}', "\u{200d}\u{200d}") + "\u{200d}",
            ] {
                assert!(invisible(&bad).is_some(), "{bad:?}");
            }
        }
        assert!(joined > 1000, "{joined}");
        assert_eq!(longest, LONGEST_EMOJI);
        for good in [
            "a❤\u{fe0f}b",
            "1\u{fe0f}\u{20e3}",
            "👩\u{200d}🚀👩🏽\u{200d}🚀",
            "🇳🇴",
        ] {
            assert_eq!(invisible(good), None, "{good:?}");
        }
        for (bad, which) in [
            ("👩\u{200d}a", '\u{200d}'),
            ("🚀\u{200d}🚀", '\u{200d}'),
            ("a\u{fe0f}", '\u{fe0f}'),
            ("😀\u{fe0f}", '\u{fe0f}'),
            ("❤\u{fe0e}", '\u{fe0e}'),
            ("❤\u{fe0f}\u{fe0f}", '\u{fe0f}'),
            // An astronaut with a selector that the sequence does not have.
            ("👩\u{fe0f}\u{200d}🚀", '\u{fe0f}'),
            ("🏴\u{e0067}\u{e007f}", '\u{e0067}'),
        ] {
            assert_eq!(invisible(bad), Some(which), "{bad:?}");
        }
    }

    // Issue 14, item 15.
    #[test]
    fn joiners_stay_between_letters_where_rfc_5892_allows_them() {
        for good in [
            // Persian, two dual-joining letters; the second with a mark that is passed over.
            "می\u{200c}خواهم",
            "ب\u{64e}\u{200c}\u{64e}ب",
            // Behind a virama: Sinhala, Devanagari, Malayalam.
            "ශ\u{dca}\u{200d}රී",
            "क\u{94d}\u{200d}ष",
            "क\u{94d}\u{200c}ष",
            "ന\u{d4d}\u{200d}",
        ] {
            assert_eq!(invisible(good), None, "{good:?}");
        }
        for bad in [
            "a\u{200c}b",
            "a\u{200d}b",
            "\u{200c}ب",
            "ب\u{200c}",
            // Alef joins to its right alone, so nothing goes on behind it.
            "ا\u{200c}ب",
            // The rule of the joiner knows the virama alone.
            "ب\u{200d}ب",
            "क\u{200d}ष",
            "क\u{94d}\u{200d}\u{200d}ष",
        ] {
            assert!(invisible(bad).is_some(), "{bad:?}");
        }
    }

    // Issue 14, item 15.
    #[test]
    fn whatever_a_reader_does_not_see_is_found() {
        for c in [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180b}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2069}',
            '\u{206f}',
            '\u{3164}',
            '\u{fe00}',
            '\u{fe0e}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0020}',
            '\u{e0100}',
            '\u{e0fff}',
        ] {
            for text in [
                format!("{c}"),
                format!("a{c}b"),
                format!("{c}ab"),
                format!("ab{c}"),
            ] {
                assert_eq!(invisible(&text), Some(c), "U+{:04X}", u32::from(c));
            }
        }
        for text in [
            "",
            "Anna Ångström",
            "Зоя",
            "山田太郎",
            "น\u{e49}ำ",
            "name.eth",
            "a b",
            "🚀",
        ] {
            assert_eq!(invisible(text), None, "{text}");
        }
    }
}
