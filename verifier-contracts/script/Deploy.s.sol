// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rollup} from "../src/Rollup.sol";
import {Groth16Verifier} from "../src/generated/Groth16Verifier.sol";
import {IVerifier} from "../src/interfaces/IVerifier.sol";
import {DemoToken} from "./DemoToken.sol";
import {vm} from "./Vm.sol";

/// @title Deploys verifier, rollup and custody, and writes where they are
/// @notice Reads from the environment:
/// - `CAIRN_CIRCUIT_SET_ROOT`, `CAIRN_GENESIS_STATE`: 32 bytes each, as the Rust side prints them;
/// - `CAIRN_GOVERNOR`, `CAIRN_COMMITTER`, `CAIRN_PROVER`: addresses;
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
        Rollup.Configuration memory configuration = Rollup.Configuration({
            governor: vm.envAddress("CAIRN_GOVERNOR"),
            committer: vm.envAddress("CAIRN_COMMITTER"),
            prover: vm.envAddress("CAIRN_PROVER"),
            verifier: IVerifier(address(0)),
            circuitSetRoot: vm.envBytes32("CAIRN_CIRCUIT_SET_ROOT"),
            genesisState: vm.envBytes32("CAIRN_GENESIS_STATE"),
            developmentKeys: vm.envBool("CAIRN_DEVELOPMENT_KEYS")
        });

        vm.startBroadcast();
        configuration.verifier = new Groth16Verifier();
        Rollup rollup = new Rollup(configuration);
        address[] memory tokens = new address[](vm.envUint("CAIRN_DEMO_TOKENS"));
        for (uint256 i = 0; i < tokens.length; ++i) {
            tokens[i] = address(new DemoToken());
        }
        vm.stopBroadcast();

        _writeManifest(configuration, rollup, tokens);
    }

    function _writeManifest(
        Rollup.Configuration memory configuration,
        Rollup rollup,
        address[] memory tokens
    ) private {
        string memory manifest = "manifest";
        vm.serializeUint(manifest, "chain_id", block.chainid);
        vm.serializeAddress(manifest, "rollup", address(rollup));
        vm.serializeAddress(manifest, "custody", address(rollup.CUSTODY()));
        vm.serializeAddress(manifest, "verifier", address(configuration.verifier));
        vm.serializeAddress(manifest, "tokens", tokens);
        vm.serializeAddress(manifest, "governor", configuration.governor);
        vm.serializeAddress(manifest, "committer", configuration.committer);
        vm.serializeAddress(manifest, "prover", configuration.prover);
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
