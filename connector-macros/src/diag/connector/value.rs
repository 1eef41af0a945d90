//! Messages about the values of `#[connector]`: wrong kind, out of range, illegal text.
//! `connector/args.rs` and `connector/check.rs` build them.
//! One constructor per message; `tests/ui/fail/connector` holds a case of the same name for each.

use quote::ToTokens;
use syn::{Expr, ExprPath, LitStr, Type};

use crate::diag::value::Slot;
use crate::diag::{Diagnostic, Place};
use crate::names::MAX_TASK_TYPE_LENGTH;
use crate::words::Word;
use crate::words::connector::Argument;

const TASK_TYPE_ALPHABET: &str =
    "it is a URL path segment and a metric label: letters, digits, `_`, `-`, `.`";
const VERSION_RANGE: &str = "it travels as int32 and is never negative: 0 to 2147483647";

pub(crate) fn value_meta_of_sync(meta: &Type) -> Diagnostic {
    Diagnostic::new(Place::of(meta), "a `sync` connector has no resource metadata")
        .help("remove `meta`")
        .note("its tasks are done within one call, so no later call looks for a job; what goes on after the call is no `sync` task")
}

pub(crate) fn value_list_empty(argument: Argument, list: &impl ToTokens) -> Diagnostic {
    let example = argument.example();
    Diagnostic::new(Place::of(list), format!("the list of `{argument}` is empty"))
        .help(format!("write at least one: `{argument} = [{example}]`"))
}

pub(crate) fn value_task_type_empty(name: &LitStr) -> Diagnostic {
    Diagnostic::new(Place::of(name), "a task type cannot be empty")
        .help("write the `TaskTemplate.type` of the tasks this connector serves")
        .note(TASK_TYPE_ALPHABET)
}

pub(crate) fn value_task_type_space(name: &LitStr, corrected: Option<&str>) -> Diagnostic {
    task_type_with(name, "a space", corrected)
}

pub(crate) fn value_task_type_character(
    name: &LitStr,
    wrong: &[char],
    corrected: Option<&str>,
) -> Diagnostic {
    let mut found = String::new();
    for (place, c) in wrong.iter().take(5).enumerate() {
        if place > 0 {
            found.push_str(if place + 1 == wrong.len() { " and " } else { ", " });
        }
        found.push_str(&describe(*c));
    }
    if wrong.len() > 5 {
        found.push_str(" and more");
    }
    task_type_with(name, &found, corrected)
}

fn task_type_with(name: &LitStr, found: &str, corrected: Option<&str>) -> Diagnostic {
    let fact = format!("{:?} cannot be a task type: it contains {found}", name.value());
    let fix = match corrected {
        Some(corrected) => format!("write {corrected:?}"),
        None => "choose another name".to_owned(),
    };
    Diagnostic::new(Place::of(name), fact).help(fix).note(TASK_TYPE_ALPHABET)
}

pub(crate) fn value_task_type_too_long(name: &LitStr, length: usize) -> Diagnostic {
    Diagnostic::new(Place::of(name), format!("this task type is too long: {length} characters"))
        .help(format!("shorten it to {MAX_TASK_TYPE_LENGTH} characters or fewer"))
}

pub(crate) fn value_task_type_repeated(name: &LitStr) -> Diagnostic {
    Diagnostic::new(Place::of(name), format!("the task type {:?} is listed twice", name.value()))
        .help("remove this one")
}

pub(crate) fn value_version_repeated(number: i32, version: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(version), format!("version {number} is listed twice"))
        .help("remove this one")
}

pub(crate) fn value_version_quoted(slot: Slot<Argument>, text: &LitStr) -> Diagnostic {
    let error = Diagnostic::new(Place::of(text), "`version` takes an integer, not a string");
    match text.value().trim().parse::<i32>() {
        Ok(number) if number >= 0 => {
            error.help(format!("remove the quotes: {}", slot.assign(&number.to_string())))
        }
        _ => error.help(format!("write {}", slot.assign(slot.word.example()))),
    }
}

pub(crate) fn value_version_float(slot: Slot<Argument>, number: &syn::LitFloat) -> Diagnostic {
    let whole = number.base10_digits().split('.').next().unwrap_or_default();
    let whole = if whole.parse::<i32>().is_ok() { whole } else { slot.word.example() };
    Diagnostic::new(Place::of(number), "`version` takes an integer, not a fraction")
        .help(format!("write {}", slot.assign(whole)))
}

pub(crate) fn value_version_not_an_integer(
    slot: Slot<Argument>,
    found: &str,
    value: &impl ToTokens,
) -> Diagnostic {
    Diagnostic::new(Place::of(value), format!("`version` takes an integer, not {found}"))
        .help(format!("write the number itself: {}", slot.assign(slot.word.example())))
}

pub(crate) fn value_version_negative(slot: Slot<Argument>, value: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(value), "`version` cannot be negative")
        .help(format!("write {}", slot.assign("0")))
        .note(VERSION_RANGE)
}

pub(crate) fn value_version_too_large(value: &syn::LitInt) -> Diagnostic {
    Diagnostic::new(Place::of(value), "`version` is too large")
        .help("write a number up to 2147483647")
        .note(VERSION_RANGE)
}

pub(crate) fn value_version_suffix(slot: Slot<Argument>, value: &syn::LitInt) -> Diagnostic {
    let fact = format!("`version` takes a plain integer, without `{}`", value.suffix());
    Diagnostic::new(Place::of(value), fact)
        .help(format!("write {}", slot.assign(value.base10_digits())))
}

pub(crate) fn value_name_empty(name: &LitStr) -> Diagnostic {
    Diagnostic::new(Place::of(name), "a connector's name cannot be empty")
        .help("write the name people should see, or leave `name` out")
        .note("without `name`, the name is made from the type's: `RenderFarm` is \"Render Farm Connector\"")
}

pub(crate) fn value_name_control(name: &LitStr, c: char) -> Diagnostic {
    Diagnostic::new(Place::of(name), format!("a connector's name cannot contain {}", describe(c)))
        .help("write it on one line, in printable characters")
}

pub(crate) fn value_type_quoted(
    argument: Argument,
    text: &LitStr,
    inner: Option<&Type>,
) -> Diagnostic {
    let ty = match inner {
        Some(_) => text.value(),
        None => argument.example().to_owned(),
    };
    Diagnostic::new(Place::of(text), format!("`{argument}` takes a type, not a string"))
        .help(format!("remove the quotes: `{argument} = {ty}`"))
}

pub(crate) fn value_not_a_type(argument: Argument, place: Place) -> Diagnostic {
    Diagnostic::new(place, format!("`{argument}` takes a type"))
        .help(format!("write `{argument} = {}`", argument.example()))
}

pub(crate) fn value_type_inferred(argument: Argument, underscore: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(underscore), format!("the type of `{argument}` cannot be inferred"))
        .help(format!("write the type out: `{argument} = {}`", argument.example()))
}

pub(crate) fn value_type_opaque(argument: Argument, ty: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(ty), format!("`{argument}` takes a type with a name, not `impl …`"))
        .help(format!("write the type out: `{argument} = {}`", argument.example()))
}

pub(crate) fn value_type_borrowed(argument: Argument, borrow: Place) -> Diagnostic {
    Diagnostic::new(borrow, format!("`{argument}` takes a type that borrows nothing"))
        .help("use an owned type, such as `String` in place of `&str`")
        .note("its values are made from bytes of one call and outlive them")
}

pub(crate) fn value_policy_quoted(text: &LitStr, inner: Option<&Expr>) -> Diagnostic {
    let error = Diagnostic::new(
        Place::of(text),
        "`policy` takes an expression of type `Policy`, not a string",
    );
    match inner {
        Some(Expr::Call(_) | Expr::MethodCall(_)) => {
            error.help(format!("remove the quotes: `policy = {}`", text.value()))
        }
        // A single word can be read, too, though no policy goes by a name.
        _ => error.help(format!("write `policy = {}`", Argument::Policy.example())),
    }
}

pub(crate) fn value_init_quoted(text: &LitStr, inner: Option<&ExprPath>) -> Diagnostic {
    let path = match inner {
        Some(_) => text.value(),
        None => Argument::Init.example().to_owned(),
    };
    Diagnostic::new(Place::of(text), "`init` takes the path of a function, not a string")
        .help(format!("remove the quotes: `init = {path}`"))
}

pub(crate) fn value_init_closure(closure: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(closure), "`init` takes the path of a function, not a closure").help(
        "write `async fn connect(settings: Settings) -> Result<Self>` and `init = Self::connect`",
    )
}

pub(crate) fn value_init_call(call: &syn::ExprCall) -> Diagnostic {
    let path = call.func.to_token_stream().to_string().replace(' ', "");
    Diagnostic::new(Place::of(call), "`init` takes the path of a function, not a call of it")
        .help(format!("write `init = {path}`; it is called with the connector's `Settings`"))
}

pub(crate) fn value_init_not_a_path(value: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(value), "`init` takes the path of a function")
        .help(format!("write `init = {}`", Argument::Init.example()))
}

/// A character in words, for the middle of a sentence.
fn describe(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        c if c.is_control() || c.is_whitespace() => {
            format!("the invisible `{}`", c.escape_unicode())
        }
        c => format!("`{c}`"),
    }
}
