//! `deploy/`: its files have the form that they must have, name what there is, and give the programs flags that they know. No
//! cluster is asked.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cairn_batcher::node::config::Config;
use cairn_fleet::{
    queue::Queue,
    server::{
        program,
        rights::{Credential, Rollup, accounts},
    },
};
use serde_json::Value;

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn text(name: &str) -> String {
    let path = place(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a text, got {value}"))
}

fn words(value: &Value) -> Vec<String> {
    array(value).iter().map(|value| word(value).to_owned()).collect()
}

/// Has a program read its arguments: one that knows a flag not, or takes its value not, says so before it shows its help.
fn assert_is_read(program: &str, arguments: &[String]) {
    let program = match program.rsplit('/').next() {
        Some("cairn") => env!("CARGO_BIN_EXE_cairn"),
        Some("cairn-prover") => env!("CARGO_BIN_EXE_cairn-prover"),
        _ => panic!("{program}: no program of ours"),
    };
    let output = Command::new(program).args(arguments).arg("--help").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {error}");
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in arguments.iter().filter(|argument| argument.starts_with("--")) {
        assert!(help.split_whitespace().any(|word| word == flag), "no {flag} in\n{help}");
    }
}

fn flag<'a>(arguments: &'a [String], name: &str) -> &'a str {
    let mut after = arguments.iter().skip_while(|argument| *argument != name).skip(1);
    after.next().unwrap_or_else(|| panic!("no {name} in {arguments:?}"))
}

/// The queues of a worker's classes.
fn queues(arguments: &[String]) -> Vec<Queue> {
    let classes: Vec<_> = flag(arguments, "--classes").split(',').collect();
    Queue::ALL.into_iter().filter(|queue| classes.contains(&queue.class().name())).collect()
}

/// A worker takes all queues of its classes, has the memory that it says, and may finish what it holds.
fn assert_fits(arguments: &[String], has_mb: Option<u64>, stop_s: u64) {
    let takes_mb = queues(arguments).into_iter().map(Queue::memory_mb).max().unwrap();
    let says_mb = flag(arguments, "--memory").parse::<u64>().unwrap() << 10;
    assert!(takes_mb <= says_mb, "{takes_mb} MiB of {says_mb}: {arguments:?}");
    if let Some(has_mb) = has_mb {
        assert!(says_mb <= has_mb, "{says_mb} MiB of {has_mb}: {arguments:?}");
    }
    let grace_s = flag(arguments, "--grace").parse::<u64>().unwrap();
    assert!(grace_s < stop_s, "{grace_s} s of {stop_s}: {arguments:?}");
}

fn all_of(map: &Value, other: &Value) -> bool {
    let map = map.as_object().unwrap();
    !map.is_empty() && map.iter().all(|(key, value)| other.get(key) == Some(value))
}

/// All objects that `kubectl apply -k` would make, but for those it generates.
fn objects() -> Vec<Value> {
    let kustomization = json("deploy/kubernetes/Kustomization");
    let resources = words(&kustomization["resources"]);
    let all = resources.iter().map(|name| json(&format!("deploy/kubernetes/{name}")));
    let objects = all.flat_map(|file| match word(&file["kind"]) {
        "List" => array(&file["items"]).to_vec(),
        _ => vec![file],
    });
    objects.collect()
}

fn of<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn name(object: &Value) -> &str {
    word(&object["metadata"]["name"])
}

#[test]
fn manifests_name_each_other() {
    let objects = objects();
    let mut seen = Vec::new();
    for object in &objects {
        let version = word(&object["apiVersion"]);
        assert!(["v1", "apps/v1", "policy/v1", "autoscaling/v2"].contains(&version), "{version}");
        let this = (word(&object["kind"]), name(object));
        assert!(!this.1.is_empty() && !seen.contains(&this), "{this:?}");
        let namespace = object["metadata"].get("namespace").is_some();
        assert_eq!(namespace, this.0 != "Namespace", "{this:?}");
        seen.push(this);
    }
    for set in of(&objects, "StatefulSet") {
        let (spec, template) = (&set["spec"], &set["spec"]["template"]);
        let labels = &template["metadata"]["labels"];
        assert!(all_of(&spec["selector"]["matchLabels"], labels), "{}", name(set));
        assert!(seen.contains(&("Service", word(&spec["serviceName"]))), "{}", name(set));
        let claims = array(&spec["volumeClaimTemplates"]).iter().map(name);
        let volumes = array(&template["spec"]["volumes"]).iter().map(|v| word(&v["name"]));
        let volumes: Vec<_> = volumes.chain(claims).collect();
        for container in array(&template["spec"]["containers"]) {
            for mount in array(&container["volumeMounts"]) {
                assert!(volumes.contains(&word(&mount["name"])), "{mount}");
            }
            let security = &container["securityContext"];
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert!(container["livenessProbe"].is_object(), "{}", name(set));
        }
        assert!(template["spec"]["terminationGracePeriodSeconds"].is_u64(), "{}", name(set));
    }
    for service in of(&objects, "Service") {
        let is_met = |set: &&Value| {
            all_of(&service["spec"]["selector"], &set["spec"]["template"]["metadata"]["labels"])
        };
        let sets: Vec<_> = of(&objects, "StatefulSet").filter(is_met).collect();
        assert!(!sets.is_empty(), "{}", name(service));
        for port in array(&service["spec"]["ports"]) {
            for set in &sets {
                let container = &set["spec"]["template"]["spec"]["containers"][0];
                let mut ports = array(&container["ports"]).iter();
                assert!(ports.any(|other| other["name"] == port["targetPort"]), "{port}");
            }
        }
    }
}

#[test]
fn pods_have_flags_memory_and_time() {
    let objects = objects();
    let mut workers = 0;
    for set in of(&objects, "StatefulSet").filter(|set| name(set) != "cairn-nats") {
        let pod = &set["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let arguments = words(&container["args"]).into_iter();
        let arguments: Vec<_> = arguments.map(|a| a.replace("$(POD_NAME)", name(set))).collect();
        let program = word(&container["command"][0]);
        assert_is_read(program, &arguments);
        if program != "cairn-prover" {
            assert_eq!(set["spec"]["replicas"], 1, "there is one coordinator");
            continue;
        }
        let memory = word(&container["resources"]["requests"]["memory"]);
        let has_mb = memory.strip_suffix("Gi").unwrap().parse::<u64>().unwrap() << 10;
        let stop_s = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert_fits(&arguments, Some(has_mb), stop_s);
        let mut scalers = of(&objects, "HorizontalPodAutoscaler");
        let target = |scaler: &&Value| scaler["spec"]["scaleTargetRef"]["name"] == name(set);
        let scaler = scalers.find(target).unwrap();
        let metric = &scaler["spec"]["metrics"][0]["external"]["metric"];
        assert_eq!(metric["name"], "cairn_fleet_owed");
        let expected: Vec<_> = queues(&arguments).into_iter().map(Queue::name).collect();
        assert_eq!(words(&metric["selector"]["matchExpressions"][0]["values"]), expected);
        workers += 1;
    }
    assert_eq!(workers, of(&objects, "HorizontalPodAutoscaler").count());
    let nats = of(&objects, "StatefulSet").find(|set| name(set) == "cairn-nats").unwrap();
    let routes = text("deploy/kubernetes/nats.conf").matches(".cairn-nats-peers:6222").count();
    assert_eq!(nats["spec"]["replicas"], routes);
}

#[test]
fn the_compose_file_names_what_it_has() {
    let file = json("deploy/compose/compose.json");
    let services = file["services"].as_object().unwrap();
    for (name, service) in services {
        assert!(word(&service["image"]).contains("_IMAGE:?"), "{name}");
        for needed in words(&service["depends_on"]) {
            assert!(services.contains_key(&needed), "{name}: {needed}");
        }
        for secret in words(&service["secrets"]) {
            assert!(file["secrets"].get(&secret).is_some(), "{name}: {secret}");
        }
        for volume in words(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            let is_there = match source.strip_prefix("./") {
                // Made by hand.
                Some("accounts.conf") => true,
                Some(source) => place("deploy/compose").join(source).is_file(),
                None => file["volumes"].get(source).is_some(),
            };
            assert!(is_there, "{name}: {volume}");
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(words(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        let (program, arguments) = (word(&service["entrypoint"][0]), words(&service["command"]));
        if program == "nats-server" {
            continue;
        }
        assert_is_read(program, &arguments);
        assert!(word(&service["stop_grace_period"]).ends_with('s'), "{name}");
        if program == "cairn" {
            // A worker has nothing that could be asked without another program in the image.
            let probe = words(&service["healthcheck"]["test"]);
            assert_eq!(probe[0], "CMD", "{name}");
            assert_is_read(&probe[1], &probe[2..]);
        }
        if program == "cairn-prover" {
            let memory = word(&service["mem_limit"]).strip_suffix('g').unwrap();
            let has_mb = memory.parse::<u64>().unwrap() << 10;
            let stop = word(&service["stop_grace_period"]).strip_suffix('s').unwrap();
            assert_fits(&arguments, Some(has_mb), stop.parse().unwrap());
            assert_eq!(flag(&arguments, "--name"), name);
        }
    }
}

/// Sections, and their settings.
fn unit(name: &str) -> Vec<(String, String, String)> {
    let (mut section, mut settings) = (String::new(), Vec::new());
    for line in text(name).lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(new) => {
                assert!(["Unit", "Service", "Install"].contains(&new), "{name}: {line}");
                section = new.to_owned();
            }
            None => {
                let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{name}: {line}"));
                let is_fit = key.chars().all(|c| c.is_ascii_alphanumeric()) && !section.is_empty();
                assert!(is_fit, "{name}: {line}");
                settings.push((section.clone(), key.to_owned(), value.to_owned()));
            }
        }
    }
    settings
}

#[test]
fn units_start_what_there_is_and_stop_it_in_time() {
    for name in ["cairn.service", "cairn-prover@.service"] {
        let settings = unit(&format!("deploy/systemd/{name}"));
        let all = |key: &str| {
            let values = settings.iter().filter(|(_, other, _)| other == key);
            values.map(|(.., value)| value.as_str()).collect::<Vec<_>>()
        };
        let one = |key: &str| match all(key)[..] {
            [value] => value,
            _ => panic!("{name}: {key} is not there once"),
        };
        let mut line = one("ExecStart").replace("%d", "/run/credentials").replace("%i", "w0");
        for pair in all("Environment").iter().flat_map(|pairs| pairs.split(' ')) {
            let (key, value) = pair.split_once('=').unwrap();
            line = line.replace(&format!("${{{key}}}"), value);
        }
        let line: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let (program, arguments) = line.split_first().unwrap();
        assert_is_read(program, arguments);
        let stop_s = one("TimeoutStopSec").parse::<u64>().unwrap();
        if program.ends_with("cairn-prover") {
            assert_fits(arguments, None, stop_s);
            assert_eq!(one("RestartPreventExitStatus"), "2");
        } else {
            assert!(stop_s > 30, "what docs/operator.md says that it takes");
        }
        assert_eq!(one("Restart"), "on-failure");
        assert_eq!(one("ProtectSystem"), "strict");
        for hardening in ["NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"] {
            assert_eq!(one(hardening), "yes");
        }
    }
}

/// What systemd itself says, where it is installed.
#[test]
fn systemd_takes_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for (from, to) in
        [("cairn.service", "cairn.service"), ("cairn-prover@.service", "cairn-prover@w0.service")]
    {
        let unit = text(&format!("deploy/systemd/{from}"));
        let unit = unit.replace("/usr/local/bin/cairn-prover", "/bin/true");
        let path = folder.path().join(to);
        fs::write(&path, unit.replace("/usr/local/bin/cairn", "/bin/true")).unwrap();
        units.push(path);
    }
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze").args(arguments).args(&units).output();
        output.map(|output| (output.status.success(), format!("{output:?}")))
    };
    let Ok((is_taken, said)) = analyze(&["verify"]) else {
        return println!("no systemd-analyze here");
    };
    assert!(is_taken, "{said}");
    // Of 100 that it gives to a unit without any restriction.
    let exposure =
        |most: &str| analyze(&["security", "--offline=true", "--threshold", most]).unwrap();
    let (is_below, said) = exposure("20");
    assert!(is_below, "{said}");
    assert!(!exposure("1").0, "it takes every unit");
}

/// Each lacks the contract's address, and nothing else.
#[test]
fn configurations_lack_only_what_must_be_set() {
    for folder in ["systemd", "kubernetes", "compose"] {
        let name = format!("deploy/{folder}/cairn.toml");
        let error = Config::read(&place(&name)).unwrap_err().to_string();
        assert!(error.contains("l1.rollup: is the zero address"), "{name}: {error}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let set = text(&name).replace(&"0".repeat(40), &"a".repeat(40));
        fs::write(file.path(), set).unwrap();
        Config::read(file.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// The configuration with the accounts beside it, where a server is installed.
#[test]
fn nats_takes_its_configuration() {
    let Ok(program) = program() else { return println!("no nats-server here") };
    let folder = tempfile::tempdir().unwrap();
    let user = |name: &str| Credential::Password(name.to_owned(), "x".repeat(24));
    let rollup = Rollup {
        names: "cairn".parse().unwrap(),
        coordinators: vec![user("coordinator")],
        workers: vec![("worker-1".parse().unwrap(), user("worker-1"))],
    };
    fs::write(folder.path().join("accounts.conf"), accounts(&[rollup])).unwrap();
    let path = folder.path().join("nats.conf");
    fs::write(&path, text("deploy/compose/nats.conf")).unwrap();
    let output = Command::new(program).arg("-t").arg("-c").arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Images and nodes are the operator's choice.
#[test]
fn nothing_is_fetched_from_a_place_that_we_name() {
    for set in of(&objects(), "StatefulSet") {
        let image = word(&set["spec"]["template"]["spec"]["containers"][0]["image"]);
        assert!(image.chars().all(|c| c.is_ascii_lowercase()), "{image}");
    }
    let mut all = Vec::new();
    files(&place("deploy"), &mut all);
    // Packages' own pages are named in theirs.
    let is_ours = |path: &PathBuf| {
        let parts = ["node_modules", "package-lock.json"];
        !path.iter().any(|part| parts.iter().any(|name| part == *name))
    };
    for path in all.into_iter().filter(is_ours) {
        let text = fs::read_to_string(&path).unwrap();
        let is_named = text.contains("https://") || text.matches("http://").count() > 1;
        assert!(!is_named, "{}", path.display());
    }
}
