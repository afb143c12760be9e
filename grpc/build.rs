//! Makes types, server and client from `proto/`, without a protoc: protox compiles.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};

const FILES: [&str; 3] = ["halmark/v1/bmc.proto", "halmark/v1/dial.proto", "halmark/v1/truth.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).open_files(FILES)?;
    let files = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // What is looked through for names, comments and numbers.
    let commented = compiler.include_source_info(true).file_descriptor_set();
    fs::write(out.join("commented.bin"), commented.encode_to_vec())?;
    // What reflection tells.
    fs::write(out.join("halmark.v1.bin"), files.encode_to_vec())?;
    fs::write(out.join("calls.rs"), calls(&files)?)?;
    let secret = [
        "Credentials",
        "IpmiOptions",
        "NewAccount",
        "AccountUpdate",
        "NewMedia",
        "SetBiosRequest",
        "IpmiCall",
        "RedfishCall",
        "Command",
    ];
    let secret = secret.map(|message| format!(".halmark.v1.{message}"));
    tonic_prost_build::configure().build_transport(false).skip_debug(secret).compile_fds(files)?;
    Ok(())
}

/// The calls of the service Bmc by the types of their requests, as what `commands!` in `dial/calls.rs` takes: whoever adds a call to the
/// service adds it there, too.
fn calls(files: &FileDescriptorSet) -> Result<String, Box<dyn Error>> {
    let services = files.file.iter().flat_map(|file| &file.service);
    let bmc = services.into_iter().find(|it| it.name() == "Bmc").ok_or("there is no service Bmc")?;
    let mut rows = String::from("commands! {\n");
    for method in bmc.method.iter().filter(|it| !it.client_streaming() && !it.server_streaming()) {
        writeln!(rows, "    {} {} {},", snake(method.name()), asked(method), answered(method))?;
    }
    rows.push_str("}\n");
    Ok(rows)
}

fn asked(method: &MethodDescriptorProto) -> &str {
    method.input_type().trim_start_matches(".halmark.v1.")
}

fn answered(method: &MethodDescriptorProto) -> &str {
    method.output_type().trim_start_matches(".halmark.v1.")
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
