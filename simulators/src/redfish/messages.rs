//! What the face says when it says no: messages of the Base registry (DSP8011), and the error body around them
//! (DSP0266 §8.6).

use serde_json::{Value, json};

use super::answer::Answer;

const REGISTRY: &str = "Base.1.18";
/// The version of the schema of a message.
pub(crate) const VERSION: &str = "v1_2_1";

/// Name, severity, text and resolution.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("Success", "OK", "The request completed successfully.", "None."),
    ("GeneralError", "Critical", "A general error has occurred.", "None."),
    (
        "MalformedJSON",
        "Critical",
        "The request body submitted was malformed JSON and could not be parsed by the receiving service.",
        "Ensure that the request body is valid JSON and resubmit the request.",
    ),
    (
        "UnrecognizedRequestBody",
        "Warning",
        "The service detected a malformed request body that it was unable to interpret.",
        "Correct the request body and resubmit the request if it failed.",
    ),
    (
        "ResourceMissingAtURI",
        "Critical",
        "The resource at the URI '%1' was not found.",
        "Place a valid resource at the URI or correct the URI and resubmit the request.",
    ),
    (
        "ResourceNotFound",
        "Critical",
        "The requested resource of type %1 named '%2' was not found.",
        "Provide a valid resource identifier and resubmit the request.",
    ),
    ("OperationNotAllowed", "Critical", "The HTTP method is not allowed on this resource.", "None."),
    (
        "PropertyUnknown",
        "Warning",
        "The property '%1' is not in the list of valid properties for the resource.",
        "Remove the unknown property from the request body and resubmit the request if the operation failed.",
    ),
    (
        "PropertyNotWritable",
        "Warning",
        "The property '%1' is a read-only property and cannot be assigned a value.",
        "Remove the property from the request body and resubmit the request if the operation failed.",
    ),
    (
        "PropertyValueTypeError",
        "Warning",
        "The value '%1' for the property '%2' is not a type that the property can accept.",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    (
        "PropertyValueNotInList",
        "Warning",
        "The value '%1' for the property '%2' is not in the list of acceptable values.",
        "Choose a value from the enumeration list that the implementation can support and resubmit the request \
         if the operation failed.",
    ),
    (
        "PropertyValueFormatError",
        "Warning",
        "The value '%1' for the property '%2' is not a format that the property can accept.",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    (
        "PropertyValueOutOfRange",
        "Warning",
        "The value '%1' for the property '%2' is not in the supported range of acceptable values.",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    (
        "StringValueTooLong",
        "Warning",
        "The string '%1' exceeds the length limit %2.",
        "Resubmit the request with an appropriate string length.",
    ),
    (
        "NoOperation",
        "Warning",
        "The request body submitted contain no data to act upon and no changes to the resource took place.",
        "Add properties in the JSON object and resubmit the request.",
    ),
    (
        "PropertyMissing",
        "Warning",
        "The property '%1' is a required property and must be included in the request.",
        "Ensure that the property is in the request body and has a valid value and resubmit the request if the \
         operation failed.",
    ),
    (
        "ActionParameterMissing",
        "Critical",
        "The action '%1' requires the parameter '%2' to be present in the request body.",
        "Supply the action with the required parameter in the request body when the request is resubmitted.",
    ),
    (
        "ActionParameterUnknown",
        "Warning",
        "The action '%1' was submitted with the invalid parameter '%2'.",
        "Correct the invalid parameter and resubmit the request if the operation failed.",
    ),
    (
        "ActionParameterNotSupported",
        "Warning",
        "The parameter '%1' for the action '%2' is not supported on the target resource.",
        "Remove the parameter supplied and resubmit the request if the operation failed.",
    ),
    (
        "ActionParameterValueTypeError",
        "Warning",
        "The value '%1' for the parameter '%2' in the action '%3' is not a type that the parameter can accept.",
        "Correct the value for the parameter in the request body and resubmit the request if the operation failed.",
    ),
    (
        "ActionParameterValueNotInList",
        "Warning",
        "The value '%1' for the parameter '%2' in the action '%3' is not in the list of acceptable values.",
        "Choose a value from the enumeration list that the implementation can support and resubmit the request \
         if the operation failed.",
    ),
    (
        "ActionParameterValueConflict",
        "Warning",
        "The parameter '%1' with the requested value of '%2' does not meet the constraints of the implementation.",
        "Remove or change the parameter, or wait for the resource to be ready, and resubmit the request.",
    ),
    (
        "ResourceInUse",
        "Warning",
        "The change to the requested resource failed because the resource is in use or in transition.",
        "Remove the condition and resubmit the request if the operation failed.",
    ),
    (
        "ResourceInStandby",
        "Critical",
        "The request could not be performed because the resource is in standby.",
        "Ensure that the resource is in the correct power state and resubmit the request.",
    ),
    (
        "InsufficientPrivilege",
        "Critical",
        "There are insufficient privileges for the account or credentials associated with the current session to \
         perform the requested operation.",
        "Either abandon the operation or change the associated access rights and resubmit the request if the \
         operation failed.",
    ),
    (
        "NoValidSession",
        "Critical",
        "There is no valid session established with the implementation.",
        "Establish a session before attempting any operations.",
    ),
    (
        "SessionLimitExceeded",
        "Critical",
        "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the \
         implementation.",
        "Reduce the number of other sessions before trying to establish the session or increase the limit of \
         simultaneous sessions, if supported.",
    ),
    (
        "PreconditionFailed",
        "Critical",
        "The ETag supplied did not match the ETag required to change this resource.",
        "Try the operation again using the appropriate ETag.",
    ),
    (
        "PreconditionRequired",
        "Critical",
        "A precondition header or annotation is required to change this resource.",
        "Try the operation again using an If-Match or If-None-Match header and appropriate ETag.",
    ),
    (
        "HeaderInvalid",
        "Critical",
        "The value of a request header is not valid.",
        "Correct the value for the header and resubmit the request.",
    ),
    (
        "PayloadTooLarge",
        "Critical",
        "The supplied payload exceeds the maximum size supported by the service.",
        "Supply a payload that is smaller.",
    ),
    (
        "QueryNotSupportedOnResource",
        "Warning",
        "Querying is not supported on the requested resource.",
        "Remove the query parameters and resubmit the request if the operation failed.",
    ),
    (
        "ServiceTemporarilyUnavailable",
        "Critical",
        "The service is temporarily unavailable. Retry in %1 seconds.",
        "Wait for the indicated retry duration and retry the operation.",
    ),
    (
        "UnableToModifyDuringSystemPOST",
        "Warning",
        "The property '%1' cannot be changed while the system is in POST.",
        "Wait until POST is over and resubmit the request.",
    ),
    ("TaskAborted", "Critical", "The operation could not be completed.", "Resubmit the request."),
];

/// A message of the registry.
pub(crate) fn message(name: &str, args: &[&str]) -> Value {
    let row = ROWS.iter().find(|row| row.0 == name).expect("every message that is said stands in the table");
    let (_, severity, text, resolution) = row;
    json!({
        "@odata.type": "#Message.v1_2_1.Message",
        "MessageId": format!("{REGISTRY}.{name}"),
        "Message": filled(text, args),
        "MessageArgs": args,
        "MessageSeverity": severity,
        "Severity": severity,
        "Resolution": resolution,
    })
}

/// A message about a property, as a JSON pointer such as `/Boot/BootSourceOverrideTarget`.
pub(crate) fn about(message: Value, pointer: &str) -> Value {
    let mut message = message;
    message["RelatedProperties"] = json!([format!("#{pointer}")]);
    message
}

/// An error body with these messages; the first gives the code.
pub(crate) fn error(status: u16, messages: Vec<Value>) -> Answer {
    let first = messages.first().expect("an error says at least one thing");
    let (code, text) = (first["MessageId"].clone(), first["Message"].clone());
    Answer::ok(json!({"error": {"code": code, "message": text, "@Message.ExtendedInfo": messages}}))
        .with_status(status)
}

/// An error body with one message.
pub(crate) fn refuse(status: u16, name: &str, args: &[&str]) -> Answer {
    error(status, vec![message(name, args)])
}

/// 404.
pub(crate) fn not_found(path: &str) -> Answer {
    refuse(404, "ResourceMissingAtURI", &[path])
}

fn filled(text: &str, args: &[&str]) -> String {
    let mut filled = text.to_owned();
    for (place, arg) in args.iter().enumerate() {
        filled = filled.replace(&format!("%{}", place + 1), arg);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_its_registry_and_fills_its_arguments() {
        let said = message("PropertyValueNotInList", &["Sideways", "IndicatorLED"]);
        assert_eq!(said["MessageId"], "Base.1.18.PropertyValueNotInList");
        assert!(
            said["Message"]
                .as_str()
                .unwrap()
                .starts_with("The value 'Sideways' for the property 'IndicatorLED'")
        );
    }
}
