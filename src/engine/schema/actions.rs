//! Actions, ready to be called: the handler's URL and the headers resolved, the types looked up.

use std::collections::BTreeSet;
use std::sync::Arc;

use apollo_compiler::ast::Type;
use axum::http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::Inconsistency;
use crate::engine::environment::Environment;
use crate::hasura::metadata::{Action, CustomType, HeaderValue as ConfiguredValue, Metadata};

pub(crate) const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// An action that can be called.
#[derive(Debug)]
pub(crate) struct ServedAction {
    pub(crate) definition: Action,
    pub(crate) url: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The headers as the metadata has them, for `extensions.internal`: no resolved secret.
    pub(crate) configured_headers: Value,
}

pub(super) fn resolve(
    metadata: &Metadata,
    scalars: &BTreeSet<String>,
    environment: &Environment,
    inconsistencies: &mut Vec<Inconsistency>,
) -> Vec<Arc<ServedAction>> {
    let types = Types { metadata, scalars };
    // Hasura drops all custom types when one is wrong, and with them every action that uses one.
    if let Err(reason) = types.check_fields() {
        inconsistencies.push(Inconsistency::new("custom_types", "custom_types", reason));
        return Vec::new();
    }
    let mut served = Vec::new();
    for action in &metadata.actions {
        match types
            .check_action(action)
            .and_then(|()| serve(action, environment))
        {
            Ok(action) => served.push(Arc::new(action)),
            Err(reason) => {
                let reason = format!("in action \"{}\"; {reason}", action.name);
                inconsistencies.push(Inconsistency::new("action", &action.name, reason));
            }
        }
    }
    served
}

fn serve(action: &Action, environment: &Environment) -> Result<ServedAction, String> {
    let url = environment
        .fill(&action.handler)
        .map_err(|names| format!("Value for environment variables not found: {}", names.join(", ")))?;
    if reqwest::Url::parse(&url).is_err() {
        return Err(format!("not a valid handler URL: {}", action.handler));
    }
    let mut headers = Vec::new();
    let mut configured = Vec::new();
    for header in &action.headers {
        let value = match &header.value {
            ConfiguredValue::Literal(text) => {
                configured.push(json!({"name": header.name, "value": text}));
                text.as_str()
            }
            ConfiguredValue::FromEnv(variable) => {
                configured.push(json!({"name": header.name, "value_from_env": variable}));
                environment
                    .get(variable)
                    .ok_or_else(|| format!("environment variable '{variable}' not set"))?
            }
        };
        let name =
            HeaderName::try_from(&header.name).map_err(|_| format!("not a header name: {}", header.name))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("not a value for the header {}", header.name))?;
        headers.push((name, value));
    }
    Ok(ServedAction {
        definition: action.clone(),
        url,
        headers,
        configured_headers: configured.into(),
    })
}

/// The types that a name may mean.
struct Types<'m> {
    metadata: &'m Metadata,
    scalars: &'m BTreeSet<String>,
}

impl Types<'_> {
    fn is_scalar(&self, name: &str) -> bool {
        BUILT_IN.contains(&name)
            || matches!(self.metadata.types.get(name), Some(CustomType::Scalar))
            || (self.metadata.types.get(name).is_none() && self.scalars.contains(name))
    }

    fn check_fields(&self) -> Result<(), String> {
        for (name, declared, _) in self.metadata.types.iter() {
            match declared {
                CustomType::Object(object) => {
                    for field in &object.fields {
                        let inner = field.ty.inner_named_type().as_str();
                        let is_output = self.is_scalar(inner)
                            || matches!(
                                self.metadata.types.get(inner),
                                Some(CustomType::Enum(_) | CustomType::Object(_))
                            );
                        if !is_output {
                            return Err(unknown_field_type(inner, &field.name, "object", name));
                        }
                    }
                }
                CustomType::Input(object) => {
                    for field in &object.fields {
                        let inner = field.ty.inner_named_type().as_str();
                        if !self.is_input(inner) {
                            return Err(unknown_field_type(inner, &field.name, "input object", name));
                        }
                    }
                }
                CustomType::Scalar | CustomType::Enum(_) => {}
            }
        }
        Ok(())
    }

    fn is_input(&self, name: &str) -> bool {
        self.is_scalar(name)
            || matches!(
                self.metadata.types.get(name),
                Some(CustomType::Enum(_) | CustomType::Input(_))
            )
    }

    fn check_action(&self, action: &Action) -> Result<(), String> {
        for argument in &action.arguments {
            let inner = argument.ty.inner_named_type().as_str();
            if !self.is_input(inner) {
                return Err(format!(
                    "the type: \"{inner}\" is not defined in custom types or it is not a scalar/enum/input_object"
                ));
            }
        }
        let output = base(&action.output_type);
        if self.is_scalar(output) || matches!(self.metadata.types.get(output), Some(CustomType::Object(_))) {
            return Ok(());
        }
        Err(format!(
            "the type: \"{output}\" is not an object or scalar type defined in custom types"
        ))
    }
}

/// Two blanks before the kind: they are Hasura's own.
fn unknown_field_type(inner: &str, field: &str, kind: &str, name: &str) -> String {
    format!(
        "validation for the given custom types failed because the type \"{inner}\" for field \"{field}\" in  \
         {kind} type \"{name}\" does not exist"
    )
}

pub(crate) fn base(ty: &Type) -> &str {
    ty.inner_named_type().as_str()
}
