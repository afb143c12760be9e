//! Makes types, server and client from `proto/`, without a protoc: protox compiles.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["proto/halmark/v1/bmc.proto"], ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // What reflection tells.
    fs::write(out.join("halmark.v1.bin"), files.encode_to_vec())?;
    let secret = [
        "Credentials",
        "IpmiOptions",
        "NewAccount",
        "AccountUpdate",
        "NewMedia",
        "SetBiosRequest",
        "IpmiCall",
        "RedfishCall",
    ];
    let secret = secret.map(|message| format!(".halmark.v1.{message}"));
    tonic_prost_build::configure().build_transport(false).skip_debug(secret).compile_fds(files)?;
    Ok(())
}
