//! A real nginx before the collectors, with the configuration that the documents give.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The configuration that owners are given.
const GIVEN: &str = include_str!("../../../../docs/nginx.conf");

/// A running nginx; it ends when it is dropped, and when this program ends however it does.
pub(super) struct Balancer {
    pub(super) address: SocketAddr,
    /// A shell that waits for our end.
    keeper: Child,
}

impl Balancer {
    /// Starts one before collectors at these addresses; its files lie in `folder`.
    pub(super) fn start(folder: &Path, nodes: &[SocketAddr]) -> Self {
        // It takes over a socket that is open already, so nobody else gets the port in between.
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut given = GIVEN.to_owned();
        let mut put = |this: &str, instead: &str| {
            assert_eq!(given.matches(this).count(), 1, "the documents say {this:?} once");
            given = given.replace(this, instead);
        };
        for (number, node) in nodes.iter().enumerate() {
            put(&format!("10.0.0.1{}:8787", number + 1), &node.to_string());
        }
        put("listen 443 ssl;", &format!("listen {address};"));
        put("ssl_certificate /etc/ssl/candor/fullchain.pem;", "");
        put("ssl_certificate_key /etc/ssl/candor/key.pem;", "");
        let at = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {at}/nginx-{what};\n"))
            .concat();
        // Its workers would be somebody else otherwise, who may not enter the folder.
        let whole = format!(
            "daemon off;\nuser root;\npid {at}/nginx.pid;\nerror_log nginx.log crit;\nevents {{}}\nhttp {{\n{temporary}{given}}}\n"
        );
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, whole).unwrap();
        let keeper = Command::new("sh")
            .arg("-c")
            .arg("NGINX='1;' \"$1\" -e nginx.log -p \"$2\" -c \"$3\" & nginx=$!; read _; kill -TERM $nginx; wait $nginx")
            .arg("keeper")
            .arg(program())
            .arg(folder)
            .arg(configuration)
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(listener))
            .stderr(Stdio::null())
            // An interrupt of the tests ends us, and our end it.
            .process_group(0)
            .spawn()
            .unwrap();
        let begun = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            fs::metadata(folder.join("nginx.pid")).is_ok_and(|file| file.len() > 0)
        });
        assert!(begun, "{}", fs::read_to_string(folder.join("nginx.log")).unwrap_or_default());
        Self { address, keeper }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Debian keeps it where only root looks.
fn program() -> &'static str {
    ["/usr/sbin/nginx", "/usr/local/sbin/nginx"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or("nginx")
}
