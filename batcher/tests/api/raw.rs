//! WebSockets without a client library, which would read for us.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::world::World;

/// A TCP connection that speaks WebSocket, for a client behind a proxy if there is one.
pub(crate) async fn upgrade(world: &World, client: Option<&str>) -> TcpStream {
    let mut socket = TcpStream::connect(&world.url).await.unwrap();
    let forwarded = client.map(|client| format!("x-forwarded-for: {client}\r\n"));
    let forwarded = forwarded.unwrap_or_default();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: {}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\
         {forwarded}\r\n",
        world.url
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket
}

/// A text frame as clients send it, of less than 126 bytes.
pub(crate) fn masked(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    let mut bytes = vec![0x81, 0x80 | length, 0, 0, 0, 0]; // the mask may be zero
    bytes.extend(text);
    bytes
}

/// The next text frame of the server.
pub(crate) async fn frame(socket: &mut TcpStream) -> String {
    loop {
        let kind = socket.read_u8().await.unwrap();
        let length = match socket.read_u8().await.unwrap() {
            126 => socket.read_u16().await.unwrap().into(),
            127 => usize::try_from(socket.read_u64().await.unwrap()).unwrap(),
            short => short.into(),
        };
        let mut text = vec![0; length];
        socket.read_exact(&mut text).await.unwrap();
        if kind == 0x81 {
            return String::from_utf8(text).unwrap();
        }
    }
}
