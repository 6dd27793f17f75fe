// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {Governed} from "../src/Governed.sol";
import {Rollup} from "../src/Rollup.sol";
import {Groth16Verifier} from "../src/generated/Groth16Verifier.sol";
import {IVerifier} from "../src/interfaces/IVerifier.sol";
import {DemoToken} from "./DemoToken.sol";
import {vm} from "./Vm.sol";

/// @title Deploys verifier, rollup and custody, and writes where they are
/// @notice Reads from the environment:
/// - `CAIRN_CIRCUIT_SET_ROOT`, `CAIRN_GENESIS_STATE`: 32 bytes each, as the Rust side prints them;
/// - `CAIRN_GOVERNOR`, `CAIRN_COMMITTER`, `CAIRN_PROVER`, `CAIRN_GUARDIAN`, `CAIRN_COUNCIL`:
///   addresses;
/// - `CAIRN_TIMELOCK_DELAY`: seconds; unless zero, a timelock is deployed, the governor proposes to
///   it and executes, and it holds the governor's role;
/// - `CAIRN_PRIORITY_FEE`: wei; `CAIRN_PRIORITY_DEADLINE`, `CAIRN_UPGRADE_DELAY`: seconds;
/// - `CAIRN_FORCED_TRANSACTIONS`: whether the circuits execute them;
/// - `CAIRN_DATA_MODES`: 1 for calldata, 2 for blobs, 4 for the committee, or their sum;
/// - `CAIRN_DEVELOPMENT_KEYS`: whether the verifying key comes from a local set-up;
/// - `CAIRN_DEMO_TOKENS`: how many ERC-20 that anyone can mint to deploy with it;
/// - `CAIRN_MANIFEST`: the JSON file to write, below `verifier-contracts/deployments/`.
///
/// The sender and the chain are forge's own options:
/// `forge script script/Deploy.s.sol --broadcast --rpc-url URL --private-key KEY`.
contract Deploy {
    /// @notice Foundry looks for this mark.
    bool public constant IS_SCRIPT = true;

    /// @notice Deploys and writes the manifest.
    function run() external {
        Rollup.Configuration memory configuration = _configuration();
        uint256 timelockDelay = vm.envUint("CAIRN_TIMELOCK_DELAY");

        vm.startBroadcast();
        if (timelockDelay != 0) {
            configuration.holders.governor = _deployTimelock(timelockDelay);
        }
        configuration.verifier = new Groth16Verifier();
        Rollup rollup = new Rollup(configuration);
        address[] memory tokens = new address[](vm.envUint("CAIRN_DEMO_TOKENS"));
        for (uint256 i = 0; i < tokens.length; ++i) {
            tokens[i] = address(new DemoToken());
        }
        vm.stopBroadcast();

        _writeManifest(configuration, timelockDelay, rollup, tokens);
    }

    function _configuration() private view returns (Rollup.Configuration memory) {
        return Rollup.Configuration({
            holders: Governed.Holders({
                governor: vm.envAddress("CAIRN_GOVERNOR"),
                committer: vm.envAddress("CAIRN_COMMITTER"),
                prover: vm.envAddress("CAIRN_PROVER"),
                guardian: vm.envAddress("CAIRN_GUARDIAN"),
                council: vm.envAddress("CAIRN_COUNCIL")
            }),
            verifier: IVerifier(address(0)),
            circuitSetRoot: vm.envBytes32("CAIRN_CIRCUIT_SET_ROOT"),
            genesisState: vm.envBytes32("CAIRN_GENESIS_STATE"),
            developmentKeys: vm.envBool("CAIRN_DEVELOPMENT_KEYS"),
            priorityFee: vm.envUint("CAIRN_PRIORITY_FEE"),
            priorityDeadline: uint32(vm.envUint("CAIRN_PRIORITY_DEADLINE")),
            upgradeDelay: uint32(vm.envUint("CAIRN_UPGRADE_DELAY")),
            forcedTransactions: vm.envBool("CAIRN_FORCED_TRANSACTIONS"),
            dataModes: uint8(vm.envUint("CAIRN_DATA_MODES"))
        });
    }

    /// @dev Without an administrator: the timelock is changed through itself only.
    function _deployTimelock(uint256 delay) private returns (address) {
        address[] memory governor = new address[](1);
        governor[0] = vm.envAddress("CAIRN_GOVERNOR");
        return address(new TimelockController(delay, governor, governor, address(0)));
    }

    function _writeManifest(
        Rollup.Configuration memory configuration,
        uint256 timelockDelay,
        Rollup rollup,
        address[] memory tokens
    ) private {
        string memory manifest = "manifest";
        vm.serializeUint(manifest, "chain_id", block.chainid);
        vm.serializeAddress(manifest, "rollup", address(rollup));
        vm.serializeAddress(manifest, "custody", address(rollup.CUSTODY()));
        vm.serializeAddress(manifest, "verifier", address(configuration.verifier));
        vm.serializeAddress(manifest, "tokens", tokens);
        vm.serializeAddress(manifest, "governor", configuration.holders.governor);
        vm.serializeUint(manifest, "timelock_delay", timelockDelay);
        vm.serializeAddress(manifest, "committer", configuration.holders.committer);
        vm.serializeAddress(manifest, "prover", configuration.holders.prover);
        vm.serializeAddress(manifest, "guardian", configuration.holders.guardian);
        vm.serializeAddress(manifest, "council", configuration.holders.council);
        vm.serializeUint(manifest, "priority_fee", configuration.priorityFee);
        vm.serializeUint(manifest, "priority_deadline", configuration.priorityDeadline);
        vm.serializeUint(manifest, "upgrade_delay", configuration.upgradeDelay);
        vm.serializeBool(manifest, "forced_transactions", configuration.forcedTransactions);
        vm.serializeUint(manifest, "data_modes", configuration.dataModes);
        vm.serializeBytes32(manifest, "domain", rollup.DOMAIN());
        vm.serializeBytes32(manifest, "circuit_set_root", configuration.circuitSetRoot);
        vm.serializeBytes32(manifest, "genesis_state", configuration.genesisState);
        vm.serializeBytes32(manifest, "rollup_code_hash", address(rollup).codehash);
        vm.serializeBytes32(manifest, "custody_code_hash", address(rollup.CUSTODY()).codehash);
        vm.serializeBytes32(
            manifest, "verifier_code_hash", address(configuration.verifier).codehash
        );
        string memory json =
            vm.serializeBool(manifest, "development_keys", configuration.developmentKeys);
        vm.createDir("deployments", true);
        vm.writeJson(json, vm.envString("CAIRN_MANIFEST"));
    }
}
