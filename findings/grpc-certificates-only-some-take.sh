#!/usr/bin/env bash
# A server certificate that two of Go, Python and Rust take over gRPC is refused by the third.
#
# Guess:   TLS is TLS: a certificate that is in date, names the host and is trusted is taken by all three, or by none.
# Happens: an Ed25519 key is refused by grpcio 1.85.3 (BoringSSL offers none); a name in the subject alone is taken by
#          grpcio and by nobody else; the self-signed certificate of "openssl req -x509", which says CA:TRUE, is refused by
#          tonic 0.14.9 (CaUsedAsEndEntity), and so is a P-256 key signed with SHA-512, which ring does not know. A P-521
#          key is taken by Go alone, and a tonic server does not start with it; nor can it be asked by grpcio.
# Matters: Flyte's executor is Go, its SDKs are Python, and servers are Rust: the shell test that went well says nothing
#          about the executor. Sign with P-256, P-384 or RSA and SHA-256 or SHA-384, name the host in subjectAltName, and
#          say CA:FALSE.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-health-checking==1.85.1' 'cryptography==50.0.2'
cat > go.mod <<'MOD'
module meet

go 1.25

require google.golang.org/grpc v1.85.0
MOD
cat > main.go <<'GO'
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	pb "google.golang.org/grpc/health/grpc_health_v1"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	if os.Args[1] == "serve" {
		certificate := must(tls.LoadX509KeyPair(os.Args[2], os.Args[3]))
		listener := must(net.Listen("tcp", "127.0.0.1:0"))
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
		pb.RegisterHealthServer(server, health.NewServer())
		panic(server.Serve(listener))
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(os.Args[3])))
	trust := credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: "localhost"})
	connection := must(grpc.NewClient("127.0.0.1:"+os.Args[2], grpc.WithTransportCredentials(trust)))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := pb.NewHealthClient(connection).Check(ctx, &pb.HealthCheckRequest{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("OK")
}
GO
go mod tidy >/dev/null 2>&1
go build -o meet-go .
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "meet"
version = "0.0.0"
edition = "2021"

[dependencies]
tonic = { version = "=0.14.9", default-features = false, features = ["channel", "router", "server", "tls-ring"] }
tonic-health = { version = "=0.14.9", default-features = false }
tokio = { version = "=1.54.1", features = ["rt", "macros", "net"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use std::error::Error;
use std::fs::read_to_string;

use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};
use tonic_health::pb::{health_client::HealthClient, HealthCheckRequest};

type Any = Box<dyn Error>;

async fn ask(port: &str, ca: &str) -> Result<(), Any> {
    let trust = Certificate::from_pem(read_to_string(ca)?);
    let tls = ClientTlsConfig::new().ca_certificate(trust).domain_name("localhost");
    let channel = Endpoint::from_shared(format!("https://127.0.0.1:{port}"))?.tls_config(tls)?.connect().await?;
    HealthClient::new(channel).check(HealthCheckRequest::default()).await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Any> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "ask" {
        match ask(&args[1], &args[2]).await {
            Ok(()) => println!("OK"),
            Err(error) => println!("{error}: {:?}", error.source().map(ToString::to_string)),
        }
        return Ok(());
    }
    let own = Identity::from_pem(read_to_string(&args[1])?, read_to_string(&args[2])?);
    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let mut server = Server::builder().tls_config(ServerTlsConfig::new().identity(own))?;
    println!("{}", listener.local_addr()?.port());
    server.add_service(health).serve_with_incoming(TcpIncoming::from(listener)).await?;
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet
cat > meet.py <<'PY'
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

what, *rest = sys.argv[1:]
if what == "serve":
    certificate, key = (Path(file).read_bytes() for file in rest)
    server = grpc.server(ThreadPoolExecutor(2))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    print(server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)])), flush=True)
    server.start()
    server.wait_for_termination()
port, ca = rest
trust = grpc.ssl_channel_credentials(Path(ca).read_bytes())
with grpc.secure_channel(f"127.0.0.1:{port}", trust, [("grpc.ssl_target_name_override", "localhost")]) as channel:
    try:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        print("OK")
    except grpc.RpcError as error:
        print(error.code().name, error.details())
PY
cat > certificates.py <<'PY'
import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

now = datetime.datetime.now(datetime.timezone.utc)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(file, key, authority=None, *, common="localhost", named=True, is_ca=False, digest=hashes.SHA256()):
    """Writes FILE.key and FILE.crt, signed by an authority or by itself."""
    signer, issuer = authority or (key, name(common))
    certificate = (x509.CertificateBuilder().subject_name(name(common)).issuer_name(issuer)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30))
                   .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
    if named:
        certificate = certificate.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
    Path(file + ".crt").write_bytes(certificate.sign(signer, digest).public_bytes(Encoding.PEM))
    Path(file + ".key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key, name(common)


def p256():
    return ec.generate_private_key(ec.SECP256R1())


authority = certify("ca", p256(), common="authority", named=False, is_ca=True)
certify("p256", p256(), authority)
certify("p384", ec.generate_private_key(ec.SECP384R1()), authority)
certify("rsa", rsa.generate_private_key(65537, 2048), authority)
certify("ed25519", ed25519.Ed25519PrivateKey.generate(), authority)
certify("p521", ec.generate_private_key(ec.SECP521R1()), authority)
certify("sha512", p256(), authority, digest=hashes.SHA512())
certify("subject-only", p256(), authority, named=False)
certify("self-signed", p256(), is_ca=True)
PY
venv/bin/python certificates.py

cat > compare.py <<'PY'
import subprocess

PROGRAMS = {"go": ["./meet-go"], "python": ["venv/bin/python", "meet.py"], "rust": ["target/debug/meet"]}
EVERY = {"go", "python", "rust"}
# Who takes it as a client. A server of Go has them all.
EXPECTED = {
    "p256": EVERY,
    "p384": EVERY,
    "rsa": EVERY,
    "ed25519": {"go", "rust"},
    "p521": {"go"},
    "sha512": {"go", "python"},
    "subject-only": {"python"},
    "self-signed": {"go", "python"},
}


def serve(program, file):
    served = subprocess.Popen([*PROGRAMS[program], "serve", f"{file}.crt", f"{file}.key"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    return served, served.stdout.readline().strip()


def end(served):
    served.kill()
    served.wait()


for file, expected in EXPECTED.items():
    served, port = serve("go", file)
    taken = set()
    for client, program in PROGRAMS.items():
        trust = f"{file}.crt" if file == "self-signed" else "ca.crt"
        told = subprocess.run([*program, "ask", port, trust], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if told.stdout.strip() == "OK":
            taken.add(client)
        else:
            print(f"  {client} refuses {file}: {told.stdout.strip()[-150:]}")
    end(served)
    print(f"{file}: taken by {', '.join(sorted(taken))}")
    if taken != expected:
        raise SystemExit(f"CHANGED: it was taken by {', '.join(sorted(expected))}")
served, port = serve("rust", "p521")
end(served)
print(f"a tonic server with a P-521 key {'serves' if port else 'does not start'}")
if port:
    raise SystemExit("CHANGED: tonic serves with a P-521 key")
PY
python3 compare.py
