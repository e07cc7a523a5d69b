//! What each role may ask: a GraphQL schema per role, and behind every root field what answers it.
//!
//! Built once at the start from the metadata and the database's catalogue. What does not fit
//! together is left out and listed as inconsistent, in Hasura's words; the rest is served.

mod actions;
mod aggregates;
mod filter;
mod inheritance;
mod operators;
mod order;
mod predicate;
mod relations;
mod role;
mod sdl;
mod sdl_tables;
mod tables;
mod where_argument;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog::Catalog;
use super::environment::Environment;
use super::session::ADMIN;
use crate::hasura::metadata::Metadata;

pub(crate) use actions::ServedAction;
pub(crate) use operators::{Operator, Shape};
pub(crate) use order::{Order, OrderBy, parse_order};
pub(crate) use predicate::{AggregateTest, Comparison, Operand, Other, Predicate};
pub(crate) use relations::Relation;
pub(crate) use role::{RoleSchema, Root, Seen, TableRoot};
pub(crate) use sdl::NO_QUERIES;
pub(crate) use where_argument::{AGGREGATED, parse_where};

/// A part of the metadata that does not fit the rest and was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistency {
    /// What kind of object it is: action, source, table, permission, …
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

impl Inconsistency {
    pub(crate) fn new(kind: &'static str, name: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self {
            kind,
            name: name.into(),
            reason: format!("Inconsistent object: {reason}"),
        }
    }

    /// The environment variables that a reason says are missing, in either of Hasura's two forms.
    pub fn missing_variables(reason: &str) -> Vec<&str> {
        if let Some((_, names)) = reason.split_once("Value for environment variables not found: ") {
            return names.split(", ").collect();
        }
        let quoted = reason.split_once("environment variable '").and_then(|(_, rest)| {
            let (name, rest) = rest.split_once('\'')?;
            (rest == " not set").then_some(name)
        });
        quoted.into_iter().collect()
    }
}

/// The schemas of all roles.
pub(crate) struct Schemas {
    roles: BTreeMap<String, Arc<RoleSchema>>,
    /// For a role that nothing mentions.
    stranger: Arc<RoleSchema>,
}

impl Schemas {
    /// Builds them. `Err` says what is not supported.
    pub(crate) fn build(
        metadata: &Metadata,
        catalog: &Catalog,
        environment: &Environment,
        inconsistencies: &mut Vec<Inconsistency>,
    ) -> Result<Self, Vec<String>> {
        let actions = actions::resolve(metadata, &catalog.scalars, environment, inconsistencies);
        let tables = tables::resolve(metadata, catalog, inconsistencies)?;
        let mut names: BTreeSet<&str> = BTreeSet::from([ADMIN]);
        names.extend(
            metadata
                .actions
                .iter()
                .flat_map(|action| &action.roles)
                .map(String::as_str),
        );
        names.extend(
            tables
                .iter()
                .flat_map(|tracked| {
                    let writers = tracked.mutations.iter().flat_map(|(_, roles)| roles);
                    tracked.permissions.keys().chain(writers)
                })
                .map(String::as_str),
        );
        names.extend(
            metadata
                .inherited_roles
                .iter()
                .map(|role| role.role_name.as_str()),
        );
        let mut roles = BTreeMap::new();
        let mut problems = Vec::new();
        for name in names {
            match RoleSchema::build(name, metadata, &actions, &tables) {
                Ok(schema) => {
                    roles.insert(name.to_owned(), Arc::new(schema));
                }
                Err(problem) => problems.push(format!("role {name}: {problem}")),
            }
        }
        let stranger = RoleSchema::build("", metadata, &[], &[]);
        match stranger {
            Ok(stranger) if problems.is_empty() => Ok(Self {
                roles,
                stranger: Arc::new(stranger),
            }),
            Ok(_) => Err(problems),
            Err(problem) => Err(vec![problem]),
        }
    }

    pub(crate) fn of(&self, role: &str) -> &Arc<RoleSchema> {
        self.roles.get(role).unwrap_or(&self.stranger)
    }
}

/// The role itself and, for an inherited role, its parents, theirs and so on.
pub(crate) fn ancestry<'m>(metadata: &'m Metadata, role: &'m str) -> BTreeSet<&'m str> {
    let mut known = BTreeSet::from([role]);
    let mut open = vec![role];
    while let Some(role) = open.pop() {
        let parents = metadata
            .inherited_roles
            .iter()
            .filter(|one| one.role_name == role)
            .flat_map(|one| &one.role_set);
        for parent in parents {
            if known.insert(parent) {
                open.push(parent);
            }
        }
    }
    known
}
