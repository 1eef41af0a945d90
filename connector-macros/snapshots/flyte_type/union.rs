enum Size {
    Number(i64),
    Name(std::string::String),
    Unknown(()),
}
