//! A TLS terminator in front of a server, as a proxy is one: certificates of its
//! own, made for this run.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Terminates TLS and passes the bytes on, until it is dropped.
#[derive(Debug)]
pub struct Tls {
    /// Where it listens.
    pub address: SocketAddr,
    /// The certificate of the authority that signed its own, as PEM.
    pub authority: NamedTempFile,
    _runtime: Runtime,
}

impl Tls {
    /// Listens on a free port, in front of `server`. Its certificate is for
    /// 127.0.0.1.
    pub fn before(server: SocketAddr) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let file = NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), authority.pem()).expect("room for it");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let own = params.signed_by(&key, &authority).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key.into())
            .expect("a key that fits");
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(serve(listener, Arc::new(config), server));
        Self {
            address,
            authority: file,
            _runtime: runtime,
        }
    }
}

async fn serve(listener: TcpListener, config: Arc<ServerConfig>, server: SocketAddr) {
    let acceptor = TlsAcceptor::from(config);
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Who does not trust it, or speaks something else, goes away again.
            let Ok(mut inside) = acceptor.accept(stream).await else {
                return;
            };
            if let Ok(mut outside) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut inside, &mut outside).await;
            }
        });
    }
}
