//! What the demo stands on: circuits, a local L1 with the rollup on it, and the operator.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use cairn_prover::{
    Engine, LocalProver,
    files::Output,
    measure::{StageTime, Stopwatch},
};
use cairn_state::State;
use cairn_types::{DataMode, Word};
use eyre::{Result, WrapErr, eyre};

use super::{
    Options,
    committee::DemoCommittee,
    scenario::Scenario,
    service::{self, Service},
    upgrade::{Desk, UpgradeEngine},
    workers::Workers,
};
use crate::{
    deploy::{
        development::{self, Accounts, Deployed},
        manifest::Circuits,
        write_verifier,
    },
    fleet::local::{self, Plan},
    l1::{anvil::Anvil, client::L1Client, data_modes::DataModes, deployment::Deployment, tools},
    node::{Extras, dev::OPERATOR_KEY as DEVELOPMENT_KEY},
    progress::Bars,
    proving::{Listener, SignData},
};

/// A rollup that nothing has happened on.
#[derive(Debug)]
pub struct Ground {
    /// The local L1.
    pub anvil: Anvil,
    /// Progress.
    pub bars: Arc<Bars>,
    /// Circuits and keys.
    pub prover: Arc<LocalProver>,
    /// Threads of the prover.
    pub threads: usize,
    /// The Foundry project.
    pub contracts: PathBuf,
    /// The account that has every role but the operator's, and plays the users.
    pub l1: L1Client,
    /// The rollup.
    pub manifest: Deployment,
    /// The L1 contract of each token; zero for ether.
    pub assets: Vec<Address>,
    /// The data committee, where data is with one.
    pub committee: Option<Arc<DemoCommittee>>,
}

impl Ground {
    /// Starts the local L1, loads the circuits and deploys what they ask for; writes the manifest if that is wanted.
    ///
    /// # Errors
    /// A missing tool, a port in use, a cache that cannot be used, or L1's.
    pub async fn prepare(
        options: &Options,
        scenario: &Scenario,
        folder: &Path,
        manifest_file: Option<Output>,
        stages: &mut Vec<StageTime>,
    ) -> Result<Self> {
        let contracts = options
            .contracts
            .canonicalize()
            .wrap_err_with(|| format!("no Foundry project at {}", options.contracts.display()))?;
        let program = tools::find(&contracts.join("node_modules"), "anvil")?;
        if let Some(workers) = options.workers {
            local::check(workers)?;
        }
        let anvil = Anvil::start(&program, options.port, folder, options.keep).await?;
        let bars = Arc::new(Bars::default());

        // Circuits first: what L1 verifies follows from them.
        let watch = Stopwatch::start();
        let threads = options.threads.unwrap_or_else(cairn_prover::cores);
        let cache = options.cache.clone().map_or_else(cairn_prover::default_cache_folder, Ok)?;
        let load = {
            let bars = Arc::clone(&bars);
            move || LocalProver::load(&cache, threads, &*bars)
        };
        let prover = Arc::new(tokio::task::spawn_blocking(load).await??);
        stages.push(watch.stop("circuits and keys"));

        let watch = Stopwatch::start();
        let source = prover.keys().solidity_verifier()?;
        if write_verifier(&contracts, &source).wrap_err("writing the verifier's source")? {
            crate::tell!("the circuits have changed: the verifier's source was written again");
        }
        let signer: PrivateKeySigner = DEVELOPMENT_KEY.parse()?;
        let genesis = B256::from(State::genesis().summary().commitment().to_bytes());
        let tokens = scenario.tokens.iter().filter(|t| !t.is_ether).count();
        let (circuits, modes) = (Circuits::of(&prover), modes(options.data));
        let accounts = Accounts { deployer: &signer, operator: service::operator()?.address() };
        let url = anvil.url();
        let deployed =
            development::deploy(&contracts, &url, accounts, circuits, genesis, modes, tokens);
        let Deployed { manifest: full_manifest, l1: manifest, tokens } = deployed.await?;
        if let Some(file) = manifest_file {
            file.write(|out| {
                serde_json::to_writer_pretty(&mut *out, &full_manifest)?;
                writeln!(out)
            })?;
        }
        let assets = assets(scenario, &tokens)?;
        let l1 = L1Client::new(&url, signer, manifest)?;
        let committee = match options.data {
            DataMode::Committee => {
                Some(Arc::new(DemoCommittee::set_up(&l1, manifest.rollup, folder).await?))
            }
            DataMode::Blobs | DataMode::Calldata => None,
        };
        stages.push(watch.stop("deploy"));
        Ok(Self { anvil, bars, prover, threads, contracts, l1, manifest, assets, committee })
    }

    /// What users sign for.
    #[must_use]
    pub fn domain(&self) -> Word {
        Word::new(std::array::from_fn(|i| self.manifest.domain[i + 1]))
    }

    /// Starts the operator; with what steers its engine where the key is to be replaced.
    ///
    /// # Errors
    /// L1's, or a check of the service's.
    pub async fn start_operator(&self, options: &Options, folder: &Path) -> Result<Started> {
        let prover = Arc::clone(&self.prover);
        let workers = match options.workers {
            Some(workers) => {
                let threads = (self.threads / usize::from(workers)).max(1);
                let plan = Plan { workers, threads, cache: options.cache.clone() };
                Some(Workers::start(folder, plan, &prover).await?)
            }
            None => None,
        };
        let fleet = workers.as_ref().map(|workers| workers.fleet.clone());
        let (engine, desk): (Arc<dyn Engine>, _) = match &fleet {
            _ if options.upgrade => {
                let (engine, desk) = UpgradeEngine::new(prover);
                (Arc::new(engine), Some(desk))
            }
            Some(fleet) => (fleet.engine.clone(), None),
            None => (prover, None),
        };
        let committee = self.committee.clone().map(|committee| committee as Arc<dyn SignData>);
        let progress: Arc<dyn Listener> = self.bars.clone();
        let folder = folder.join("operator");
        let url = self.anvil.url();
        let mut config = service::configuration(&url, &self.manifest, options.data, &folder);
        if options.upgrade {
            // The proof by the new key is of the batch in flight, and of no other.
            config.proving.max_batches_a_proof = 1;
        }
        let fleet = fleet.map(|fleet| fleet.coordinator);
        let extras = Extras { progress, committee, fleet, ..Extras::default() };
        let setting = service::Setting { anvil: &self.anvil, config, engine, extras };
        let service = Service::start(setting).await.wrap_err("starting the operator")?;
        Ok(Started { service, desk, workers })
    }
}

/// The running operator.
#[derive(Debug)]
pub struct Started {
    /// The service.
    pub service: Service,
    /// What steers its engine where the key is to be replaced.
    pub desk: Option<Desk>,
    /// The fleet that proves for it, if there is one.
    pub workers: Option<Workers>,
}

/// The modes that the demo's deployment allows. With the committee it is that one alone, and no other demo is a validium.
fn modes(data: DataMode) -> DataModes {
    match data {
        DataMode::Blobs | DataMode::Calldata => DataModes::ON_L1,
        DataMode::Committee => DataModes::only(data),
    }
}

/// The L1 contract of each token; zero for ether.
fn assets(scenario: &Scenario, tokens: &[Address]) -> Result<Vec<Address>> {
    let mut contracts = tokens.iter();
    scenario
        .tokens
        .iter()
        .map(|token| match token.is_ether {
            true => Ok(Address::ZERO),
            false => contracts
                .next()
                .copied()
                .ok_or_else(|| eyre!("the deploy script made too few tokens")),
        })
        .collect()
}
