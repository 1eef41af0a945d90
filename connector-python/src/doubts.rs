//! What Flyte's official SDK cannot do with a type, though a connector can: said when a module is written.
//! `types` and `classes` ask. Each was tried on the SDK; what is said comes with what to write instead.

use connector_core::host::Shape;
use connector_core::typed::{Class, FieldDescription, TypeDescription};

/// What is doubtful about a union that is an input or an output, or a part of one.
pub(crate) fn of_union(variants: &[TypeDescription]) -> Vec<String> {
    pairs(variants)
        .filter_map(|(one, other)| {
            let instead = instead_of(one, other)?;
            Some(format!(
                "Flyte's SDK cannot read a union of `{}` and `{}` as an input or output: a value of \
                 one fits the other, and it calls that ambiguous; {instead}",
                one.name, other.name
            ))
        })
        .collect()
}

/// What to write instead of a union of these two, if a value of one may be read as the other. Seen with flyte
/// 2.12.1 (`findings/flyte-unions-are-sent-and-not-read.sh`): the transformer is in the tag, and not what is
/// in the list; and a float reads as an integer.
fn instead_of(one: &TypeDescription, other: &TypeDescription) -> Option<&'static str> {
    if may_be(one, other) || may_be(other, one) {
        return Some("put the union into a struct with `#[flyte(pydantic)]`, and both, too");
    }
    match (&one.shape, &other.shape) {
        (Shape::List(one), Shape::List(other)) if are_numbers(one, other) => {
            Some("take one list of floats, which holds both")
        }
        (Shape::Map(key, one), Shape::Map(others, other))
            if key.name == "str" && others.name == "str" && are_numbers(one, other) =>
        {
            Some("take one map to floats, which holds both")
        }
        (Shape::Enumeration { members: one, .. }, Shape::Enumeration { members: other, .. })
            if one.iter().any(|(name, _)| other.iter().any(|(others, _)| name == others)) =>
        {
            Some("give no two members one name")
        }
        _ => None,
    }
}

fn are_numbers(one: &TypeDescription, other: &TypeDescription) -> bool {
    [one, other].iter().all(|kind| ["int", "float"].contains(&kind.name.as_str()))
}

/// What is doubtful about the fields of a class.
pub(crate) fn of_class(name: &str, fields: &[FieldDescription], class: Class) -> Vec<String> {
    if class != Class::Dataclass {
        return Vec::new();
    }
    let mut found = Vec::new();
    for field in fields {
        let place = format!("the dataclass `{name}`, field `{}`", field.name);
        for part in parts(&field.kind) {
            match &part.shape {
                Shape::Union(variants) => found.extend(in_dataclass(&place, variants)),
                Shape::Object { class: Class::Pydantic, .. } => found.push(format!(
                    "{place}: Flyte's SDK cannot write the pydantic model `{}` inside a dataclass; \
                     write `#[flyte(pydantic)]` above `{name}`, too",
                    part.name
                )),
                _ => {}
            }
        }
    }
    found
}

fn in_dataclass(place: &str, variants: &[TypeDescription]) -> Vec<String> {
    let mut found = Vec::new();
    for (one, other) in pairs(variants) {
        if may_be(one, other) {
            found.push(format!(
                "{place}: Flyte's SDK takes a `{}` for a `{}`, which comes first, and loses the \
                 fields that one has not; write `#[flyte(pydantic)]` above all three",
                other.name, one.name
            ));
        }
    }
    // What is written as it is, without a look at it.
    let unseen = |kind: &TypeDescription| ["str", "bytes", "dict"].contains(&kind.name.as_str());
    let plain =
        |kind: &TypeDescription| ["int", "float", "bool", "None"].contains(&kind.name.as_str());
    let first_unseen = variants.iter().position(unseen);
    let moved = variants.iter().any(plain);
    for (at, kind) in variants.iter().enumerate() {
        if let Some(first) = first_unseen
            && !unseen(kind)
            && !plain(kind)
            && (moved || first < at)
        {
            let unseen = variants.get(first).map(|kind| kind.name.as_str()).unwrap_or_default();
            let advice = if moved { "write `#[flyte(pydantic)]` above it" } else { "put it last" };
            found.push(format!(
                "{place}: Flyte's SDK cannot write a `{}` beside `{unseen}`; {advice}",
                kind.name
            ));
        }
    }
    found
}

/// Every two of them, the earlier first.
fn pairs(
    variants: &[TypeDescription],
) -> impl Iterator<Item = (&TypeDescription, &TypeDescription)> {
    let all = variants.iter().enumerate();
    all.flat_map(|(at, one)| variants.iter().skip(at + 1).map(move |other| (one, other)))
}

/// Whether a value of `other` has every field that `one` needs, and both are of one family.
fn may_be(one: &TypeDescription, other: &TypeDescription) -> bool {
    let (Shape::Object { fields: needed, class, .. }, Shape::Object { fields, class: family, .. }) =
        (&one.shape, &other.shape)
    else {
        return false;
    };
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    class == family && needed.iter().filter(|field| field.required).all(|field| has(&field.name))
}

/// A type and what it is made of, but not what its classes are made of.
fn parts(kind: &TypeDescription) -> Vec<&TypeDescription> {
    let mut all = vec![kind];
    match &kind.shape {
        Shape::List(inner) | Shape::Optional(inner) => all.extend(parts(inner)),
        Shape::Map(key, value) => {
            all.extend(parts(key));
            all.extend(parts(value));
        }
        Shape::Union(kinds) | Shape::Tuple(kinds) => all.extend(kinds.iter().flat_map(parts)),
        _ => {}
    }
    all
}

/// Whether there is an enum in a type, or in a class of it.
pub(crate) fn holds_enum(kind: &TypeDescription) -> bool {
    parts(kind).into_iter().any(|part| match &part.shape {
        Shape::Enumeration { .. } => true,
        Shape::Object { fields, .. } => fields.iter().any(|field| holds_enum(&field.kind)),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use connector_core::FlyteType;
    use connector_core::typed::{Class, FieldDescription, TypeDescription};

    use super::{of_class, of_union};

    fn object(name: &str, needed: &[&str], more: &[&str], class: Class) -> TypeDescription {
        let needed = needed.iter().map(|name| FieldDescription::of::<i64>(name, ""));
        let more = more.iter().map(|name| FieldDescription::of::<Option<i64>>(name, ""));
        let fields: Vec<FieldDescription> = needed.chain(more).collect();
        TypeDescription::object(name, "", &fields, class)
    }

    fn field(kind: TypeDescription) -> Vec<FieldDescription> {
        let mut field = FieldDescription::of::<i64>("f", "");
        field.kind = kind;
        vec![field]
    }

    #[test]
    fn classes_that_fit_one_another_are_told() {
        let class = Class::Dataclass;
        let [circle, square] = [("Circle", "radius"), ("Square", "side")]
            .map(|(name, field)| object(name, &[field], &[], class));
        let labelled = object("Labelled", &["side"], &["label"], class);
        assert_eq!(of_union(&[circle.clone(), square.clone()]), Vec::<String>::new());
        let told = of_union(&[circle, square.clone(), labelled.clone()]);
        assert!(matches!(told.as_slice(), [one] if one.contains("`Square` and `Labelled`")));
        let model = object("Square", &["side"], &[], Class::Pydantic);
        assert!(of_union(&[model, labelled.clone()]).is_empty(), "their tags differ");

        let union = TypeDescription::union(&[square, labelled]);
        let holder = field(TypeDescription::list(&union));
        let told = of_class("Holder", &holder, Class::Dataclass);
        assert!(told[0].contains("takes a `Labelled` for a `Square`"), "{told:?}");
        assert!(told[0].contains("pydantic"), "{told:?}");
        assert!(of_class("Holder", &holder, Class::Pydantic).is_empty());
    }

    #[test]
    fn lists_maps_and_enums_that_fit_one_another_are_told() {
        let [whole, float, text] = [i64::describe(), f64::describe(), String::describe()];
        let lists = [&whole, &float, &text].map(TypeDescription::list);
        let [of_whole, of_float] = [&lists[0], &lists[1]];
        let told = of_union(&lists);
        assert!(
            matches!(told.as_slice(), [one] if one.contains("`list[int]` and `list[float]`")),
            "{told:?}"
        );
        assert!(told[0].contains("list of floats"), "{told:?}");
        assert!(of_union(&[whole.clone(), float.clone(), text.clone()]).is_empty(), "tags differ");
        assert!(of_union(&[of_whole.clone(), TypeDescription::map(&text, &whole)]).is_empty());
        assert!(of_union(&[of_float.clone(), whole.clone()]).is_empty());
        let maps = [&whole, &float].map(|kind| TypeDescription::map(&text, kind));
        assert!(of_union(&maps)[0].contains("map to floats"));

        let [speed, lane, side] = [("Speed", "FAST"), ("Lane", "FAST"), ("Side", "LEFT")]
            .map(|(name, member)| TypeDescription::enumeration(name, "", &[(member, "x")]));
        assert!(of_union(&[speed.clone(), lane])[0].contains("`Speed` and `Lane`"));
        assert!(of_union(&[speed, side]).is_empty());
    }

    #[test]
    fn what_the_sdk_cannot_write_is_told() {
        let [time, text, whole] = [
            TypeDescription::formatted("datetime", "date-time"),
            String::describe(),
            i64::describe(),
        ];
        let told = |kinds: &[&TypeDescription]| {
            let kinds: Vec<TypeDescription> = kinds.iter().map(|kind| (*kind).clone()).collect();
            of_class("Holder", &field(TypeDescription::union(&kinds)), Class::Dataclass)
        };
        assert!(told(&[&time, &text]).is_empty() && told(&[&whole, &text]).is_empty());
        assert!(told(&[&text, &time])[0].contains("put it last"));
        assert!(told(&[&time, &whole, &text])[0].contains("`datetime` beside `str`"));
        let model = object("Model", &["a"], &[], Class::Pydantic);
        assert!(of_class("Holder", &field(model), Class::Dataclass)[0].contains("pydantic model"));
    }
}
