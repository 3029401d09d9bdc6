//! The threads that network calls run on.

use std::future::Future;
use std::sync::LazyLock;
use std::sync::mpsc;

use tokio::runtime::{Builder, Runtime};

/// One small runtime for all models: it is idle nearly all the time, and it is never dropped, because dropping a runtime
/// inside another one panics.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("holometer-http")
        .enable_io()
        .enable_time()
        .build()
        .expect("the operating system grants two threads and a poll handle")
});

/// The runtime's handle.
pub(crate) fn handle() -> tokio::runtime::Handle {
    RUNTIME.handle().clone()
}

/// Waits for a future without being in a runtime, or inside of any. `None` if it panicked.
pub(crate) fn wait_for<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    handle().spawn(async move {
        let _ = sender.send(future.await);
    });
    receiver.recv().ok()
}
