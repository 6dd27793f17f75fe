//! Programs that end with this process, however it ends.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

/// A second shell holds the pipe beside the program, for which the first gives up its place: the
/// process id, signals and exit code that the parent sees are the program's. The pipe ends with
/// whoever holds its other end, and then the whole group is killed. Its number cannot be another's
/// by then, as the shell that names it is in it.
const SCRIPT: &str = "exec 3<&0 </dev/null
(read -r _; kill -KILL 0) <&3 3<&- >/dev/null 2>&1 &
exec 3<&-
exec \"$0\" \"$@\"";

/// A command that runs `program` in a group of its own, so that Ctrl-C in the terminal reaches this
/// process alone, and has it killed when this process is gone, or the child's standard input is
/// dropped. Arguments, environment and outputs are the caller's; the standard input is the pipe.
///
/// The signal that the kernel sends at a parent's death is no help here: it comes when the *thread*
/// ends that has started the child, and threads of a pool do so.
#[must_use]
pub fn tied(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(SCRIPT).arg(program).stdin(Stdio::piped()).process_group(0);
    command
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        os::unix::process::ExitStatusExt,
        process::{Child, ExitStatus},
        time::{Duration, Instant},
    };

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    fn sleeper() -> Child {
        tied(Path::new("/bin/sleep")).arg("100").spawn().unwrap()
    }

    fn end(child: &mut Child) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A pipe that another child had as well would not end with this process.
    #[test]
    fn a_program_is_killed_when_the_pipe_ends_though_others_live_on() {
        let mut children = [sleeper(), sleeper()];
        std::thread::sleep(Duration::from_millis(200));
        for child in &mut children {
            assert!(child.try_wait().unwrap().is_none());
            drop(child.stdin.take());
            assert_eq!(end(child).signal(), Some(9));
        }
    }

    #[test]
    fn a_program_has_its_own_signals_exit_code_and_arguments() {
        let mut child = sleeper();
        let id = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        assert_eq!(end(&mut child).signal(), Some(15));
        let script = "cat; echo \"$NAME $1\"; exit 7";
        let mut command = tied(Path::new("/bin/sh"));
        command.args(["-c", script, "sh", "two words"]).env_clear().env("NAME", "it is");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        // Its own standard input is empty; the pipe is held until it has ended.
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((end(&mut child).code(), said.as_str()), (Some(7), "it is two words\n"));
    }
}
