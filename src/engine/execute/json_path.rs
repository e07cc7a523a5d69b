//! The `path` argument of a JSON column: `a.b`, `$.a[0]`, `["odd key"]`.

/// The steps of a path, as PostgreSQL's `#>` takes them; `None` when it is not one.
pub(super) fn steps(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = bracketed(inner)?;
            steps.push(step);
            rest = after;
            continue;
        }
        let name = match rest.strip_prefix('.') {
            Some(name) => name,
            None if steps.is_empty() => rest,
            None => return None,
        };
        let end = name.find(['.', '[']).unwrap_or(name.len());
        if end == 0 {
            return None;
        }
        steps.push(name[..end].to_owned());
        rest = &name[end..];
    }
    Some(steps)
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
        for broken in ["$a.", "a..b", "a[x]", "a[", "[\"a]", "a[0]b"] {
            assert_eq!(steps(broken), None, "{broken}");
        }
    }
}
