//! Compiles the suite in: every scenario file becomes a path and a text.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() {
    // A program that is started for every command must not spend its time on relocating itself. Linked statically
    // (`cargo ship`), that is the compiler's business: a static program with a position of its own would not start with it.
    let cfg = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if cfg("OS") == "linux" && cfg("ENV") == "gnu" && !cfg("FEATURE").contains("crt-static") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../scenarios");
    let root = root.canonicalize().expect("the workspace has a folder scenarios/");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let mut out = String::from(
        "/// Path and text of every scenario that is compiled in.\nconst SCENARIOS: &[(&str, &str)] = &[\n",
    );
    for file in &files {
        let name = file.strip_prefix(&root).expect("it lies below").display();
        writeln!(out, "    (\"scenarios/{name}\", include_str!({:?})),", file.display().to_string())
            .expect("a string takes it");
    }
    out.push_str("];\n");
    let to = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("scenarios.rs");
    fs::write(to, out).expect("the output folder is writable");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            files.push(path);
        }
    }
}
