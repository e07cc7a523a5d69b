//! The metadata directory (config v3), as the Hasura CLI exports it, read into plain data.
//!
//! This is the reading only: whether a column or an environment variable exists is decided by the code that builds a schema
//! from it. The reader accepts what the CLI accepts. What has no effect is a warning, and what this program does not know
//! is named as not checked; nothing is skipped in silence.

mod actions;
mod clashes;
mod duplicates;
mod files;
pub(crate) mod identity;
mod json;
mod node;
mod places;
mod problem;
mod relationships;
mod scalar;
mod sdl;
mod sources;
mod typed;
mod writer;
mod yaml;

use serde::Deserialize;

pub use actions::{Action, ActionKind, Header, HeaderValue};
pub(crate) use actions::{IGNORED_CLIENT_HEADERS, are_ignored_by_default};
pub use files::Files;
pub use json::{Built, build};
pub use places::Places;
pub use problem::{Problem, Severity};
pub use relationships::{Relationship, RelationshipUsing};
pub(crate) use sdl::KINDS;
pub use sdl::{CustomType, CustomTypes};
pub use sources::{DatabaseUrl, SelectPermission, Source, Table, TableName, Writers};
pub use writer::directory;

use yaml::Reader;

/// Everything a metadata directory says.
#[derive(Debug)]
pub struct Metadata {
    /// The actions, in the order of actions.yaml.
    pub actions: Vec<Action>,
    /// The custom types, joined from actions.graphql and actions.yaml.
    pub types: CustomTypes,
    /// The databases with their tracked tables.
    pub sources: Vec<Source>,
    /// Named queries.
    pub collections: Vec<QueryCollection>,
    /// Named queries that are served under /api/rest.
    pub endpoints: Vec<RestEndpoint>,
    /// Roles that are made of others.
    pub inherited_roles: Vec<InheritedRole>,
}

/// What was found in a directory.
#[derive(Debug)]
pub struct LoadReport {
    /// What could be read.
    pub metadata: Metadata,
    /// What is wrong with the rest, or needs a word.
    pub problems: Vec<Problem>,
    /// Where things stand.
    pub places: Places,
}

/// A list of named queries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryCollection {
    /// Its name.
    pub name: String,
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
    /// Its queries.
    pub definition: CollectionDefinition,
}

/// The body of a query collection.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionDefinition {
    /// The queries.
    pub queries: Vec<NamedQuery>,
}

/// A query with a name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedQuery {
    /// Its name.
    pub name: String,
    /// Its GraphQL text.
    pub query: String,
}

/// A named query with a path below /api/rest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestEndpoint {
    /// Its name.
    pub name: String,
    /// The path; a segment that begins with a colon is a parameter.
    pub url: String,
    /// The HTTP methods, in capitals.
    pub methods: Vec<String>,
    /// Which query it runs.
    pub definition: EndpointDefinition,
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
}

/// The body of a REST endpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointDefinition {
    /// The query.
    pub query: QueryReference,
}

/// A query, by collection and name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryReference {
    /// The collection.
    pub collection_name: String,
    /// The query in it.
    pub query_name: String,
}

/// A role that has what any of its parents has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InheritedRole {
    /// Its name.
    pub role_name: String,
    /// Its parents.
    pub role_set: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    version: u32,
}

/// Files whose features are not supported: they are not checked.
const UNSUPPORTED: [&str; 9] = [
    "allow_list.yaml",
    "api_limits.yaml",
    "backend_configs.yaml",
    "cron_triggers.yaml",
    "metrics_config.yaml",
    "network.yaml",
    "opentelemetry.yaml",
    "remote_schemas.yaml",
    "graphql_schema_introspection.yaml",
];

impl Metadata {
    /// Reads a directory that must be good. Every problem is reported, not the first alone.
    ///
    /// # Errors
    /// All problems that are more than a warning, if there is one.
    pub fn read(files: &Files) -> Result<Metadata, Vec<Problem>> {
        let LoadReport {
            metadata,
            mut problems,
            ..
        } = Self::load(files);
        problems.retain(|problem| problem.severity != Severity::Warning);
        if problems.is_empty() {
            Ok(metadata)
        } else {
            Err(problems)
        }
    }

    /// Reads what can be read of a directory, problems or not.
    pub fn load(files: &Files) -> LoadReport {
        let mut reader = Reader::new(files);
        match reader.file::<Option<Version>>("version.yaml").flatten() {
            Some(Version { version: 3 }) => {}
            Some(other) => {
                let reason = format!("version {} is not that of Hasura v2, expected 3", other.version);
                let problem = reader.problem_in("version.yaml", &["version"], reason);
                reader.add(problem);
            }
            None => reader.problem("version.yaml", "is needed and must say version: 3"),
        }
        for file in UNSUPPORTED {
            reader.pass_over(file);
        }
        let (actions, types, lines) = actions::read(&mut reader);
        let metadata = Metadata {
            actions,
            types,
            sources: sources::read(&mut reader),
            collections: reader.list("query_collections.yaml"),
            endpoints: reader.list("rest_endpoints.yaml"),
            inherited_roles: reader.list("inherited_roles.yaml"),
        };
        let (documents, mut problems) = reader.finish();
        problems.extend(clashes::find(&metadata, &lines));
        let places = Places::new(documents, lines);
        for problem in problems.iter_mut().filter(|problem| problem.line.is_none()) {
            if let Some(place) = places.of_problem(&problem.file, &problem.reason) {
                problem.file = place.file.to_string();
                problem.line = Some(place.line);
            }
        }
        LoadReport {
            metadata,
            problems,
            places,
        }
    }

    /// The text of a stored query.
    pub fn stored_query(&self, reference: &QueryReference) -> Option<&str> {
        let collection = self
            .collections
            .iter()
            .find(|one| one.name == reference.collection_name)?;
        let query = collection
            .definition
            .queries
            .iter()
            .find(|one| one.name == reference.query_name)?;
        Some(&query.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![("version.yaml", "version: 3\n")];
        all.extend_from_slice(pairs);
        match Metadata::read(&Files::from_iter(all)) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_directory_with_nothing_but_its_version_is_read() {
        assert_eq!(problems(&[]), Vec::<String>::new());
        assert_eq!(
            problems(&[("network.yaml", "{}"), ("remote_schemas.yaml", "[]")]),
            Vec::<String>::new()
        );
        assert_eq!(
            problems(&[("graphql_schema_introspection.yaml", "disabled_for_roles: []")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        assert_eq!(
            problems(&[("remote_schemas.yaml", "- name: weather")]),
            ["remote_schemas.yaml:1: not supported by the local engine"]
        );
    }

    #[test]
    fn what_has_no_effect_is_a_warning_and_is_no_reason_to_refuse() {
        let key = "- {name: a, url: a, methods: [GET], cache: 5, definition: {query: {collection_name: c, query_name: q}}}";
        let files = [
            ("version.yaml", "version: 3"),
            ("surprise.yaml", "[]"),
            ("rest_endpoints.yaml", key),
        ];
        let report = Metadata::load(&Files::from_iter(files));
        let found: Vec<(Severity, &str)> = report
            .problems
            .iter()
            .map(|problem| (problem.severity, problem.file.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (Severity::Warning, "rest_endpoints.yaml"),
                (Severity::Warning, "surprise.yaml")
            ]
        );
        assert!(Metadata::read(&Files::from_iter(files)).is_ok());
    }

    #[test]
    fn a_slip_in_the_schema_is_told_by_its_place_and_in_few_words() {
        let found = problems(&[("actions.graphql", &"type Query { f(: String } ".repeat(500))]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("actions.graphql:1: "), "{found:?}");
        assert!(found.iter().all(|problem| problem.len() < 300), "{found:?}");
    }

    #[test]
    fn header_env_prefix_forbidden() {
        let yaml = "
actions:
- name: f
  definition: {handler: http://h, headers: [{name: x-client-id, value_from_env: HASURA_GRAPHQL_CLIENT_NAME}]}
custom_types: {}
";
        let found = problems(&[
            ("actions.yaml", yaml),
            ("actions.graphql", "type Query { f: String }"),
        ]);
        assert_eq!(
            found,
            [
                "actions.yaml:4: action f: env variables start with \"HASURA_GRAPHQL_\" are not allowed for value_from_env"
            ]
        );
    }

    #[test]
    fn action_in_yaml_not_in_sdl() {
        let yaml =
            "actions: [{name: foo, definition: {handler: http://h}}]\ncustom_types: {objects: [{name: T}]}";
        let found = problems(&[("actions.yaml", yaml), ("actions.graphql", "")]);
        assert_eq!(
            found,
            [
                "actions.yaml:1: action foo is not present in actions.graphql",
                "actions.yaml:2: custom type T is not present in actions.graphql"
            ]
        );
    }

    #[test]
    fn cli_build_merge() {
        let files = Files::from_iter([
            ("version.yaml", "version: 3"),
            (
                "actions.graphql",
                "type Mutation { foo(arg1: fooInput!): fooOutput }
                 input fooInput { username: String! password: String! }
                 type fooOutput { accessToken: String! }",
            ),
            (
                "actions.yaml",
                "actions: [{name: foo, definition: {kind: synchronous, handler: 'http://localhost:3000', timeout: 10}}]
custom_types: {enums: [], input_objects: [{name: fooInput}], objects: [{name: fooOutput}], scalars: []}",
            ),
        ]);
        let metadata = Metadata::read(&files).unwrap();
        let action = &metadata.actions[0];
        assert_eq!(action.kind, ActionKind::Mutation);
        assert_eq!(action.timeout_seconds, 10);
        assert_eq!(action.arguments[0].name.as_str(), "arg1");
        assert_eq!(action.arguments[0].ty.to_string(), "fooInput!");
        assert_eq!(action.output_type.to_string(), "fooOutput");
        assert!(matches!(
            metadata.types.get("fooInput"),
            Some(CustomType::Input(_))
        ));
        assert!(matches!(
            metadata.types.get("fooOutput"),
            Some(CustomType::Object(_))
        ));
    }

    #[test]
    fn what_a_table_has_beside_its_rows_is_refused_unless_it_says_nothing() {
        let table = |rest: &str| {
            problems(&[(
                "databases/databases.yaml",
                &format!(
                    "- name: default
  kind: postgres
  configuration: {{connection_info: {{database_url: x}}}}
  tables: [{{table: {{name: t, schema: public}}, {rest}}}]"
                ),
            )])
        };
        let nothing =
            "is_enum: false, event_triggers: [], configuration: {column_config: {}}, computed_fields: []";
        assert_eq!(table(nothing), Vec::<String>::new());
        assert_eq!(
            table("configuration: {custom_name: T}, is_enum: true"),
            [
                "databases/databases.yaml:4: table public.t: configuration is not supported by the local engine",
                "databases/databases.yaml:4: table public.t: is_enum is not supported by the local engine"
            ]
        );
    }

    #[test]
    fn tables_come_through_quoted_includes() {
        let files = Files::from_iter([
            ("version.yaml", "version: 3"),
            (
                "databases/databases.yaml",
                "- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: PG_DATABASE_URL}, isolation_level: read-committed}}
  tables: \"!include default/tables/tables.yaml\"",
            ),
            ("databases/default/tables/tables.yaml", "- \"!include public_networks.yaml\""),
            (
                "databases/default/tables/public_networks.yaml",
                "table: {name: networks, schema: public}
select_permissions:
  - {role: guest, permission: {columns: [name], filter: {}, limit: 100}}",
            ),
        ]);
        let metadata = Metadata::read(&files).unwrap();
        let table = &metadata.sources[0].tables[0];
        assert_eq!(table.name.to_string(), "public.networks");
        assert_eq!(table.select_permissions[0].role, "guest");
        assert_eq!(table.select_permissions[0].limit, Some(100));
    }
}
