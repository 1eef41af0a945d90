//! The image: the Dockerfile as hadolint sees it, what its build is given, and the root folder that it copies, run as a
//! container's runtime would run it. Docker itself is not needed; a root folder of one's own takes root.

use std::fs;
use std::path::Path;
use std::process::Command;

use interop_tests::absent::missing;
use interop_tests::peer::binary;
use packaging_tests::{checkers, checkout, printed, put, target};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

#[test]
fn hadolint_has_nothing_to_say_against_the_dockerfile() {
    let target = target(env!("CARGO_TARGET_TMPDIR"));
    let Some(venv) = checkers(&target, "the Dockerfile") else { return };
    printed(venv.command("hadolint").arg(checkout().join("deploy/image/Dockerfile")));
}

#[test]
fn what_the_build_is_given_is_a_whole_workspace() {
    let ignore = checkout().join("deploy/image/Dockerfile.dockerignore");
    let ignore = fs::read_to_string(ignore).unwrap();
    assert!(ignore.lines().any(|line| line == "*"), "everything else stays out");
    let patterns: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let tracked = printed(list.current_dir(checkout()));
    let folder = tempfile::tempdir().unwrap();
    for file in tracked.lines().filter(|file| is_let_in(file, &patterns)) {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(checkout().join(file), to).unwrap();
    }
    assert!(folder.path().join("deploy/image/root.sh").exists());
    assert!(!folder.path().join("docs").exists() && !folder.path().join("findings").exists());
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]);
    interop_tests::cargo::forget_outer(&mut metadata);
    let told = printed(metadata.current_dir(folder.path()));
    assert!(told.contains("\"name\":\"connector-server\""), "{told}");
}

/// Patterns as ours are: a folder or file, or what begins like it where a star ends the pattern.
fn is_let_in(path: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => {
            path.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    })
}

/// A folder with the image's root in `root`, around the binary of the tests; nothing where nobody may have such.
fn root() -> Option<TempDir> {
    let what = "the image's root folder";
    let namespaces = Command::new("unshare").args(["--mount", "--net", "true"]).output();
    if !namespaces.as_ref().is_ok_and(|output| output.status.success()) {
        missing(what, &format!("no namespaces of one's own: {namespaces:?}"));
        return None;
    }
    if !Path::new("/etc/debian_version").exists() {
        missing(what, &"the script takes the libraries of Debian");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = binary(&target(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let script = checkout().join("deploy/image/root.sh");
    printed(Command::new(script).arg(program).arg(folder.path().join("root")));
    // A container's runtime puts these into it.
    let etc = folder.path().join("root/etc");
    put(&etc.join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:30\n");
    put(&etc.join("hosts"), "127.0.0.1 localhost\n");
    Some(folder)
}

/// Runs a script in a network of its own, where `$inside COMMAND` runs in the root folder, read-only but for `/tmp`,
/// as the image's user. Whether it succeeded, and what was said.
fn run(folder: &TempDir, script: &str) -> (bool, String) {
    let shell = format!(
        "set -eu; exec 2>&1
root={folder}/root scripts={scripts} folder={folder}
inside=\"chroot --userspec=65532:65532 $root\"
mount --bind $root $root
mount -o remount,ro,bind $root
mount -t tmpfs none $root/tmp
ip link set lo up
{script}",
        folder = folder.path().display(),
        scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/python"),
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", &shell]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let output = command.env_clear().env("PATH", path).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn it_runs_read_only_as_nobody_under_the_names_that_charts_start() {
    let Some(folder) = root() else { return };
    // The command lines are the whole of those that the charts `flyteconnector` of Flyte 2 and of Flyte 1.16 write;
    // the question is that of their probe: the health of the server as a whole, on port 8000. Its answer is SERVING.
    let (succeeded, said) = run(
        &folder,
        "$inside c0 --version
$inside pyflyte serve connector --version
printf '\\0\\0\\0\\0\\0' >$folder/no-fields
asked() {
  curl -s --http2-prior-knowledge -H 'content-type: application/grpc' -H 'te: trailers' \
    --data-binary @$folder/no-fields http://127.0.0.1:8000/grpc.health.v1.Health/Check | od -An -tx1
}
for line in c0 'pyflyte serve agent'; do
  $inside $line >$folder/log 2>&1 &
  server=$!
  until asked | grep -q '00 00 00 00 02 08 01'; do sleep 0.1; done
  curl -sf http://127.0.0.1:9090/ready
  $inside connector-server run echo --config x=1 --connect 127.0.0.1:8000
  kill -TERM $server
  wait $server
  echo \"$line ended well\"
done
touch $root/usr/x || echo refused
$inside connector-server list --modules nothing",
    );
    assert!(succeeded, "{said}");
    assert!(said.starts_with("c0 0.1.0"), "{said}");
    for part in [
        "\npyflyte serve connector 0.1.0",
        "ready",
        "c0 ended well\n",
        "pyflyte serve agent ended well\n",
        "Read-only file system\nrefused\n",
        "Batch Job Connector",
    ] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
}

/// A certificate for a name, with its key, in the folder; the authority that signed it.
fn certify(folder: &Path, name: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    put(&folder.join("tls.crt"), &params.signed_by(&key, &issuer).unwrap().pem());
    put(&folder.join("tls.key"), &key.serialize_pem());
    certificate
}

#[test]
fn names_of_hosts_and_authorities_of_tls_are_found() {
    const ASK: &str = "
python3 $scripts/names.py &
python3 $scripts/vendor.py $folder/tls.crt $folder/tls.key &
until curl -sk https://127.0.0.1 >/dev/null; do sleep 0.1; done
export CONNECTOR__DATABRICKS__SECRET__DATABRICKS_TOKEN=dapi-films
export CONNECTOR__DATABRICKS__SECRET_HOSTS=films.example
$inside connector-server run databricks --config databricksInstance=films.example \
  --config 'databricksConf={\"existing_cluster_id\": \"c\", \"notebook_task\": {\"notebook_path\": \"/n\"}}' || true";
    let Some(folder) = root() else { return };
    let authority = certify(folder.path(), "films.example");
    let (_, said) = run(&folder, ASK);
    assert!(said.contains("certificate"), "nobody has signed for it: {said}");
    let known = folder.path().join("root/etc/ssl/certs/ca-certificates.crt");
    let authorities = fs::read_to_string(&known).unwrap();
    assert!(authorities.matches("BEGIN CERTIFICATE").count() > 100, "those of the system");
    put(&known, &(authorities + &authority));
    let (_, said) = run(&folder, ASK);
    assert!(said.contains("these films are private"), "{said}");
}
