//! What an inherited role sees of a table: what any of its parents sees.
//!
//! Hasura goes further and blanks single cells, where one parent sees a column and another the row.
//! Here the parents must agree on the columns or on the rows, so that no cell needs it.

use super::predicate::Predicate;
use super::tables::Access;

/// The parents' permissions as one; `None` when Hasura would have to blank cells.
pub(super) fn merge(parents: &[&Access]) -> Option<Access> {
    let (first, others) = parents.split_first()?;
    let same_columns = others.iter().all(|one| one.columns == first.columns);
    let same_rows = others.iter().all(|one| one.filter == first.filter);
    if !same_columns && !same_rows {
        return None;
    }
    let mut columns: Vec<_> = parents.iter().flat_map(|one| one.columns.clone()).collect();
    columns.sort_by(|one, other| one.name.cmp(&other.name));
    columns.dedup();
    let filters: Option<Vec<Predicate>> = parents.iter().map(|one| one.filter.clone()).collect();
    let limits: Option<Vec<u64>> = parents.iter().map(|one| one.limit).collect();
    let any = |opens: fn(&Access) -> bool| parents.iter().any(|one| opens(one));
    Some(Access {
        columns,
        filter: if same_rows {
            first.filter.clone()
        } else {
            filters.map(Predicate::Or)
        },
        // A parent without a limit lets the role have all.
        limit: limits.and_then(|limits| limits.into_iter().max()),
        aggregations: any(|one| one.aggregations),
        select: any(|one| one.select),
        select_by_pk: any(|one| one.select_by_pk),
        select_aggregate: any(|one| one.select_aggregate),
    })
}
