//! Every case of the list of abuse is a test named by its id, or stands in SECURITY.md with the reason why it is none.

use std::collections::BTreeSet;

use crate::repository::{between, files, read, table_rows};

/// The list: `s` log-ins, `k` contract wallets, `t` refresh tokens, `j` access tokens, `p` passwords, `h` Hasura, `f` faults.
const CASES: &str = "
    s01 s02 s03 s04 s05 s06 s07 s08 s09 s10 s11 s12 s13 s14 s15 s16 s17 s18 s20 s21 s22 s23 s24 s26 s27 s28 s29 s30 s31
    k01 k02 k03 k04 k05 k06 k07 k08 k09 k11
    t01 t02 t03 t04 t05 t06 t07 t08 t10 t11 t13 t14 t15 t16
    j01 j02 j03 j04 j06 j07 j09 j10
    p01 p02 p03 p04 p05 p07 p10 p11 p12 p13 p14
    h01 h02 h03 h04 h05 h06 h07 h08 h09 h11 h12 h13 h15 h16 h17 h18
    f01 f02 f03 f04 f07 f08 f09 f11 f13 f14 f15 f16";

/// The ids in the names of tests: `async fn h03_an_input_cannot…`, also where a macro lists the names.
fn named() -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for path in files("tests/it", "rs").into_iter().chain(files("src", "rs")) {
        for line in read(&path).lines() {
            let line = line.trim();
            let name = line
                .trim_start_matches("async ")
                .strip_prefix("fn ")
                .unwrap_or(line);
            // Several ids may stand in front.
            for word in name.split('_') {
                let is_id = word.len() == 3
                    && word.starts_with(|c: char| c.is_ascii_lowercase())
                    && word[1..].chars().all(|c| c.is_ascii_digit());
                if !is_id {
                    break;
                }
                named.insert(word.to_owned());
            }
        }
    }
    named
}

#[test]
fn every_case_is_a_test_or_has_its_reason() {
    let named = named();
    let excused: BTreeSet<String> = table_rows(between(
        &read("SECURITY.md"),
        "\n## Cases that are no test\n",
        "\n## ",
    ))
    .iter()
    .map(|row| row[0].to_lowercase())
    .collect();
    for case in CASES.split_whitespace() {
        assert!(
            named.contains(case) != excused.contains(case),
            "{case}: a test named by it, or a row in SECURITY.md, and not both"
        );
    }
    for case in &excused {
        assert!(CASES.contains(case.as_str()), "{case} is no case");
    }
}
