//! Tells cargo that the binary embeds folders: `include_dir!` alone does not notice a new file.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=hasura/metadata");
    println!("cargo::rerun-if-changed=web/dist");
}
