//! The parsed text: its operations and fragments.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, FragmentDefinition, OperationDefinition, Selection};

use crate::engine::fault::Fault;

pub(crate) type Operation = Node<OperationDefinition>;

/// A parsed request text.
pub(crate) struct Document {
    operations: Vec<Operation>,
    fragments: BTreeMap<String, Node<FragmentDefinition>>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let syntax = || Fault::validation("not a valid graphql query").at("$.query");
        let parsed = ast::Document::parse(text, "query").map_err(|_| syntax())?;
        let mut document = Self {
            operations: Vec::new(),
            fragments: BTreeMap::new(),
        };
        for definition in &parsed.definitions {
            match definition {
                Definition::OperationDefinition(operation) => document.operations.push(operation.clone()),
                Definition::FragmentDefinition(fragment) => {
                    let name = fragment.name.to_string();
                    if document.fragments.insert(name, fragment.clone()).is_some() {
                        let message = format!("multiple definitions for fragment \"{}\"", fragment.name);
                        return Err(Fault::new(400, "parse-failed", message));
                    }
                }
                _ => return Err(syntax()),
            }
        }
        document.refuse_cycles()?;
        Ok(document)
    }

    /// The operation that is meant.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, Fault> {
        let anonymous = self.operations.iter().any(|operation| operation.name.is_none());
        match (name, &self.operations[..]) {
            (Some(_), _) if anonymous => Err(Fault::validation(
                "operationName cannot be used when an anonymous operation exists in the document",
            )),
            (Some(name), operations) => operations
                .iter()
                .find(|operation| operation.name.as_ref().is_some_and(|found| found == name))
                .ok_or_else(|| {
                    Fault::validation(format!("no such operation found in the document: \"{name}\""))
                }),
            (None, [operation]) => Ok(operation),
            (None, _) => Err(Fault::validation(
                "exactly one operation has to be present in the document when operationName is not specified",
            )),
        }
    }

    /// Fragments that spread each other would never end; they are refused before anything walks them.
    fn refuse_cycles(&self) -> Result<(), Fault> {
        let mut done = BTreeSet::new();
        for fragment in self.fragments.values() {
            self.visit(fragment, &mut Vec::new(), &mut done)?;
        }
        Ok(())
    }

    fn visit<'d>(
        &'d self,
        fragment: &'d FragmentDefinition,
        open: &mut Vec<&'d str>,
        done: &mut BTreeSet<&'d str>,
    ) -> Result<(), Fault> {
        let name = fragment.name.as_str();
        if let Some(start) = open.iter().position(|one| *one == name) {
            let names: Vec<String> = open[start..].iter().map(|one| format!("\"{one}\"")).collect();
            let message = format!("the fragment definition(s) {} form a cycle", names.join(" and "));
            return Err(Fault::validation(message));
        }
        if !done.insert(name) {
            return Ok(());
        }
        open.push(name);
        let mut spreads = Vec::new();
        find_spreads(&fragment.selection_set, &mut spreads);
        for spread in spreads {
            if let Some(inner) = self.fragments.get(spread) {
                // An open one is visited again, so that the cycle is seen.
                if open.contains(&spread) || !done.contains(spread) {
                    self.visit(inner, open, done)?;
                }
            }
        }
        open.pop();
        Ok(())
    }

    pub(crate) fn fragment(&self, name: &str) -> Option<&Node<FragmentDefinition>> {
        self.fragments.get(name)
    }
}

fn find_spreads<'d>(selections: &'d [Selection], found: &mut Vec<&'d str>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => find_spreads(&field.selection_set, found),
            Selection::InlineFragment(fragment) => find_spreads(&fragment.selection_set, found),
            Selection::FragmentSpread(spread) => found.push(spread.fragment_name.as_str()),
        }
    }
}
