//! The parsed text: its operations and fragments.

use std::collections::BTreeMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, FragmentDefinition, OperationDefinition, Selection};

use crate::engine::fault::Fault;

/// How deep a text, and its fragments in each other, may nest. Hasura has no such limit; here every
/// level costs stack, and a request must not be able to end the process.
const NESTING: usize = 200;

pub(crate) type Operation = Node<OperationDefinition>;

/// A parsed request text.
pub(crate) struct Document {
    operations: Vec<Operation>,
    /// Whether one of them is written without its keyword: `{ … }`.
    has_shorthand: bool,
    fragments: BTreeMap<String, Node<FragmentDefinition>>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let syntax = || Fault::validation("not a valid graphql query").at("$.query");
        let parsed = ast::Document::parser()
            .recursion_limit(NESTING)
            .parse_ast(text, "query")
            .map_err(|_| syntax())?;
        let mut document = Self {
            operations: Vec::new(),
            has_shorthand: false,
            fragments: BTreeMap::new(),
        };
        for definition in &parsed.definitions {
            match definition {
                Definition::OperationDefinition(operation) => {
                    let start = operation.location().map(|span| span.offset());
                    let begins = start.and_then(|start| text.get(start..));
                    document.has_shorthand |= begins.is_some_and(|begins| begins.starts_with('{'));
                    document.operations.push(operation.clone());
                }
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
        document.check_nesting()?;
        Ok(document)
    }

    /// The operation that is meant.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, Fault> {
        match (name, &self.operations[..]) {
            (Some(_), _) if self.has_shorthand => Err(Fault::validation(
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

    /// Fragments that spread each other would never end, and a long chain of them not soon enough; both
    /// are refused before anything walks them.
    fn check_nesting(&self) -> Result<(), Fault> {
        let mut depths = BTreeMap::new();
        for fragment in self.fragments.values() {
            self.depth(fragment, &mut Vec::new(), &mut depths)?;
        }
        for operation in &self.operations {
            let mut spreads = Vec::new();
            let own = find_spreads(&operation.selection_set, &mut spreads);
            let inner = spreads
                .iter()
                .filter_map(|spread| depths.get(spread))
                .max()
                .copied()
                .unwrap_or(0);
            if own + inner > NESTING {
                return Err(too_deep());
            }
        }
        Ok(())
    }

    /// How deep a fragment nests, with those that it spreads.
    fn depth<'d>(
        &'d self,
        fragment: &'d FragmentDefinition,
        open: &mut Vec<&'d str>,
        known: &mut BTreeMap<&'d str, usize>,
    ) -> Result<usize, Fault> {
        let name = fragment.name.as_str();
        if let Some(start) = open.iter().position(|one| *one == name) {
            let names: Vec<String> = open[start..].iter().map(|one| format!("\"{one}\"")).collect();
            let message = format!("the fragment definition(s) {} form a cycle", names.join(" and "));
            return Err(Fault::validation(message));
        }
        if let Some(depth) = known.get(name) {
            return Ok(*depth);
        }
        if open.len() >= NESTING {
            return Err(too_deep());
        }
        open.push(name);
        let mut spreads = Vec::new();
        let own = find_spreads(&fragment.selection_set, &mut spreads);
        let mut inner = 0;
        for spread in spreads {
            if let Some(fragment) = self.fragments.get(spread) {
                inner = inner.max(self.depth(fragment, open, known)?);
            }
        }
        open.pop();
        known.insert(name, own + inner);
        Ok(own + inner)
    }

    pub(crate) fn fragment(&self, name: &str) -> Option<&Node<FragmentDefinition>> {
        self.fragments.get(name)
    }
}

/// The names of the spread fragments; returned is how deep the selection itself nests.
fn find_spreads<'d>(selections: &'d [Selection], found: &mut Vec<&'d str>) -> usize {
    let mut depth = 0;
    for selection in selections {
        depth = depth.max(match selection {
            Selection::Field(field) => find_spreads(&field.selection_set, found),
            Selection::InlineFragment(fragment) => find_spreads(&fragment.selection_set, found),
            Selection::FragmentSpread(spread) => {
                found.push(spread.fragment_name.as_str());
                0
            }
        });
    }
    depth + 1
}

fn too_deep() -> Fault {
    Fault::not_supported(format_args!("requests that nest deeper than {NESTING}"))
}
