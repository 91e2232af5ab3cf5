//! The line to the database, which can be cut and held up.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// What comes in goes out.
    Open,
    /// It is taken in and goes nowhere.
    Held,
    /// Every connection is closed, and none comes about.
    Cut,
}

/// A line from an address of its own to a server.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) address: SocketAddr,
    state: watch::Sender<State>,
    carrier: JoinHandle<()>,
}

impl Line {
    /// An open line.
    pub(super) async fn to(server: (&'static str, u16)) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (state, is) = watch::channel(State::Open);
        let carrier = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, server, is.clone()));
            }
        });
        Ok(Self { address, state, carrier })
    }

    /// From now on the line is so.
    pub(super) fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

async fn carry(near: TcpStream, server: (&'static str, u16), is: watch::Receiver<State>) {
    if *is.borrow() == State::Cut {
        return;
    }
    let Ok(far) = TcpStream::connect(server).await else { return };
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    let ((near_out, near_in), (far_out, far_in)) = (near.into_split(), far.into_split());
    let mut cut = is.clone();
    tokio::select! {
        () = pass(near_out, far_in, is.clone()) => {}
        () = pass(far_out, near_in, is) => {}
        _ = cut.wait_for(|state| *state == State::Cut) => {}
    }
}

/// Hands on what comes, until either end closes.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut is: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if is.wait_for(|state| *state == State::Open).await.is_err()
            || to.write_all(&bytes[..count]).await.is_err()
        {
            return;
        }
    }
}
