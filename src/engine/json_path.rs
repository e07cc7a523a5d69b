//! JSON paths, of JSON columns and of claims: `a.b`, `$.a[0]`, `["odd key"]`.

/// The steps of a path, as PostgreSQL's `#>` takes them; `None` when it is not one.
pub(crate) fn steps(path: &str) -> Option<Vec<String>> {
    if path == "$" {
        return Some(Vec::new());
    }
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = bracketed(inner)?;
            steps.push(step);
            rest = after;
            continue;
        }
        let is_plain = |character: char| character.is_alphanumeric() || character == '_' || character == '-';
        let end = rest.find(|character| !is_plain(character)).unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        steps.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    (!steps.is_empty()).then_some(steps)
}

fn bracketed(inner: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(text) = inner.strip_prefix(quote) {
            let (key, after) = text.split_once(&format!("{quote}]"))?;
            return Some((key.to_owned(), after));
        }
    }
    let (index, after) = inner.split_once(']')?;
    index.parse::<u32>().ok()?;
    Some((index.to_owned(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_every_form() {
        for (path, expected) in [
            ("$", vec![]),
            ("a", vec!["a"]),
            ("a.b[0].c", vec!["a", "b", "0", "c"]),
            ("$.a", vec!["a"]),
            ("$[\"odd key\"]['x'][12]", vec!["odd key", "x", "12"]),
        ] {
            assert_eq!(steps(path).unwrap(), expected, "{path}");
        }
        for broken in ["$a.", "a..b", "a[x]", "a[", "[\"a]", "a b", ""] {
            assert_eq!(steps(broken), None, "{broken}");
        }
    }
}
