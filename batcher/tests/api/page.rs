//! The page for browsers: what is served with it, and that nothing else is weaker for it.

use reqwest::header::HeaderMap;

use super::{limits::call, raw::upgrade, world::World};

const FILES: [(&str, &str); 3] = [
    ("/", "text/html; charset=utf-8"),
    ("/page.js", "text/javascript; charset=utf-8"),
    ("/page.css", "text/css; charset=utf-8"),
];

async fn get(world: &World, path: &str, tag: Option<&str>) -> (u16, HeaderMap, String) {
    let mut request = reqwest::Client::new().get(format!("http://{}{path}", world.url));
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.text().await.unwrap())
}

#[tokio::test]
async fn each_file_is_kept_to_itself() {
    let world = World::start().await;
    for (path, kind) in FILES {
        let (status, headers, text) = get(&world, path, None).await;
        let of = |name: &str| headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or("");
        assert_eq!((status, of("content-type")), (200, kind), "{path}");
        let policy: Vec<_> = of("content-security-policy").split("; ").collect();
        let expected = [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'none'",
        ];
        assert_eq!(policy, expected, "{path}");
        assert_eq!(of("x-content-type-options"), "nosniff");
        assert_eq!(of("referrer-policy"), "no-referrer");
        assert_eq!(of("cache-control"), "no-cache");
        assert!(!text.is_empty());

        // Who has it gets it no second time; who has another gets it.
        let tag = of("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let (status, headers, text) = get(&world, path, Some(&known)).await;
            assert_eq!((status, text.as_str()), (304, ""), "{path} with {known}");
            assert!(headers.contains_key("content-security-policy"));
        }
        assert_eq!(get(&world, path, Some("\"other\"")).await.0, 200);
    }
}

#[tokio::test]
async fn the_page_asks_for_nothing_inline_and_nothing_from_elsewhere() {
    let world = World::start().await;
    let (_, _, html) = get(&world, "/", None).await;
    for inline in ["<style", "style=", "onload", "onerror", "<script>"] {
        assert!(!html.contains(inline), "{inline} would be blocked");
    }
    for (_, reference) in html.match_indices("src=\"").chain(html.match_indices("href=\"")) {
        assert!(!reference.contains("http"), "{reference}");
    }
    assert!(html.contains("src=\"page.js\"") && html.contains("href=\"page.css\""));
}

#[tokio::test]
async fn the_same_path_is_still_the_api() {
    let world = World::start().await;
    let (status, body) = world.post(call("cairn_head", serde_json::json!([]))).await;
    assert!(status == 200 && body.contains("\"block\":3"), "{body}");
    drop(upgrade(&world, None).await);
    // Neither other paths nor other methods have a file.
    for path in ["/index.html", "/page.js/", "/page.js%00", "//", "/dist/page.js"] {
        assert_ne!(get(&world, path, None).await.0, 200, "{path}");
    }
    let put = reqwest::Client::new().put(format!("http://{}/page.js", world.url));
    assert_ne!(put.send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn it_is_not_there_where_the_operator_wants_none() {
    let world = World::with(|config| config.page = false).await;
    for (path, _) in FILES {
        assert_ne!(get(&world, path, None).await.0, 200, "{path}");
    }
    assert_eq!(world.get("/health").await, (200, "ok\n".into()));
}

/// Files are long answers: they cost what such cost, and a client that has them pays for the question alone.
#[tokio::test]
async fn files_count_against_the_rate() {
    // A bucket of two requests, which fills by one a second.
    let one_a_second = || World::with(|config| config.requests_per_second = 1);
    let world = one_a_second().await;
    let (status, headers, script) = get(&world, "/page.js", None).await;
    assert_eq!(status, 200);
    assert!(script.len() / 32_768 >= 3, "a script of {} bytes", script.len());
    assert_eq!(get(&world, "/page.css", None).await.0, 429, "it is in debt for some seconds");
    let world = one_a_second().await;
    let tag = headers.get("etag").unwrap().to_str().unwrap();
    for _ in 0..2 {
        assert_eq!(get(&world, "/page.js", Some(tag)).await.0, 304);
    }
}
