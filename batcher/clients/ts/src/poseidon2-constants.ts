// Round constants of Poseidon2 over Goldilocks, as `p3-goldilocks` publishes them: made by the
// Grain LFSR of the paper's script (field_type=1, alpha=7, n=64, R_F=8, R_P=22) for widths 8 and
// 12.

/** Four external rounds before the internal ones, width 8. */
export const EXTERNAL_INITIAL_8: readonly (readonly bigint[])[] = [
  [
    0xdd5743e7f2a5a5d9n, 0xcb3a864e58ada44bn, 0xffa2449ed32f8cdcn, 0x42025f65d6bd13een,
    0x7889175e25506323n, 0x34b98bb03d24b737n, 0xbdcc535ecc4faa2an, 0x5b20ad869fc0d033n,
  ],
  [
    0xf1dda5b9259dfcb4n, 0x27515210be112d59n, 0x4227d1718c766c3fn, 0x26d333161a5bd794n,
    0x49b938957bf4b026n, 0x4a56b5938b213669n, 0x1120426b48c8353dn, 0x6b323c3f10a56cadn,
  ],
  [
    0xce57d6245ddca6b2n, 0xb1fc8d402bba1eb1n, 0xb5c5096ca959bd04n, 0x6db55cd306d31f7fn,
    0xc49d293a81cb9641n, 0x1ce55a4fe979719fn, 0xa92e60a9d178a4d1n, 0x002cc64973bcfd8cn,
  ],
  [
    0xcea721cce82fb11bn, 0xe5b55eb8098ece81n, 0x4e30525c6f1ddd66n, 0x43c6702827070987n,
    0xaca68430a7b5762an, 0x3674238634df9c93n, 0x88cee1c825e33433n, 0xde99ae8d74b57176n,
  ],
];

/** Four external rounds after the internal ones, width 8. */
export const EXTERNAL_FINAL_8: readonly (readonly bigint[])[] = [
  [
    0x014ef1197d341346n, 0x9725e20825d07394n, 0xfdb25aef2c5bae3bn, 0xbe5402dc598c971en,
    0x93a5711f04cdca3dn, 0xc45a9a5b2f8fb97bn, 0xfe8946a924933545n, 0x2af997a27369091cn,
  ],
  [
    0xaa62c88e0b294011n, 0x058eb9d810ce9f74n, 0xb3cb23eced349ae4n, 0xa3648177a77b4a84n,
    0x43153d905992d95dn, 0xf4e2a97cda44aa4bn, 0x5baa2702b908682fn, 0x082923bdf4f750d1n,
  ],
  [
    0x98ae09a325893803n, 0xf8a6475077968838n, 0xceb0735bf00b2c5fn, 0x0a1a5d953888e072n,
    0x2fcb190489f94475n, 0xb5be06270dec69fcn, 0x739cb934b09acf8bn, 0x537750b75ec7f25bn,
  ],
  [
    0xe9dd318bae1f3961n, 0xf7462137299efe1an, 0xb1f6b8eee9adb940n, 0xbdebcc8a809dfe6bn,
    0x40fc1f791b178113n, 0x3ac1c3362d014864n, 0x9a016184bdb8aeban, 0x95f2394459fbc25en,
  ],
];

/** The internal rounds, width 8. */
export const INTERNAL_8: readonly bigint[] = [
  0x488897d85ff51f56n, 0x1140737ccb162218n, 0xa7eeb9215866ed35n, 0x9bd2976fee49fcc9n,
  0xc0c8f0de580a3fccn, 0x4fb2dae6ee8fc793n, 0x343a89f35f37395bn, 0x223b525a77ca72c8n,
  0x56ccb62574aaa918n, 0xc4d507d8027af9edn, 0xa080673cf0b7e95cn, 0xf0184884eb70dcf8n,
  0x044f10b0cb3d5c69n, 0xe9e3f7993938f186n, 0x1b761c80e772f459n, 0x606cec607a1b5facn,
  0x14a0c2e1d45f03cdn, 0x4eace8855398574fn, 0xf905ca7103eff3e6n, 0xf8c8f8d20862c059n,
  0xb524fe8bdd678e5an, 0xfbb7865901a1ec41n,
];

/** The internal matrix is `1 + diag` of these, width 8. */
export const DIAGONAL_8: readonly bigint[] = [
  0xfffffffeffffffffn, 0x0000000000000001n, 0x0000000000000002n, 0x7fffffff80000001n,
  0x0000000000000003n, 0x7fffffff80000000n, 0xfffffffefffffffen, 0xfffffffefffffffdn,
];

/** Four external rounds before the internal ones, width 12. */
export const EXTERNAL_INITIAL_12: readonly (readonly bigint[])[] = [
  [
    0x13dcf33aba214f46n, 0x30b3b654a1da6d83n, 0x1fc634ada6159b56n, 0x937459964dc03466n,
    0xedd2ef2ca7949924n, 0xede9affde0e22f68n, 0x8515b9d6bac9282dn, 0x6b5c07b4e9e900d8n,
    0x1ec66368838c8a08n, 0x9042367d80d1fbabn, 0x400283564a3c3799n, 0x4a00be0466bca75en,
  ],
  [
    0x7913beee58e3817fn, 0xf545e88532237d90n, 0x22f8cb8736042005n, 0x6f04990e247a2623n,
    0xfe22e87ba37c38cdn, 0xd20e32c85ffe2815n, 0x117227674048fe73n, 0x4e9fb7ea98a6b145n,
    0xe0866c232b8af08bn, 0x00bbc77916884964n, 0x7031c0fb990d7116n, 0x240a9e87cf35108fn,
  ],
  [
    0x2e6363a5a12244b3n, 0x5e1c3787d1b5011cn, 0x4132660e2a196e8bn, 0x3a013b648d3d4327n,
    0xf79839f49888ea43n, 0xfe85658ebafe1439n, 0xb6889825a14240bdn, 0x578453605541382bn,
    0x4508cda8f6b63ce9n, 0x9c3ef35848684c91n, 0x0812bde23c87178cn, 0xfe49638f7f722c14n,
  ],
  [
    0x8e3f688ce885cbf5n, 0xb8e110acf746a87dn, 0xb4b2e8973a6dabefn, 0x9e714c5da3d462ecn,
    0x6438f9033d3d0c15n, 0x24312f7cf1a27199n, 0x23f843bb47acbf71n, 0x9183f11a34be9f01n,
    0x839062fbb9d45dbfn, 0x24b56e7e6c2e43fan, 0xe1683da61c962a72n, 0xa95c63971a19bfa7n,
  ],
];

/** Four external rounds after the internal ones, width 12. */
export const EXTERNAL_FINAL_12: readonly (readonly bigint[])[] = [
  [
    0xc68be7c94882a24dn, 0xaf996d5d5cdaedd9n, 0x9717f025e7daf6a5n, 0x6436679e6e7216f4n,
    0x8a223d99047af267n, 0xbb512e35a133ba9an, 0xfbbf44097671aa03n, 0xf04058ebf6811e61n,
    0x5cca84703fac7ffbn, 0x9b55c7945de6469fn, 0x8e05bf09808e934fn, 0x2ea900de876307d7n,
  ],
  [
    0x7748fff2b38dfb89n, 0x6b99a676dd3b5d81n, 0xac4bb7c627cf7c13n, 0xadb6ebe5e9e2f5ban,
    0x2d33378cafa24ae3n, 0x1e5b73807543f8c2n, 0x09208814bfebb10fn, 0x782e64b6bb5b93ddn,
    0xadd5a48eac90b50fn, 0xadd4c54c736ea4b1n, 0xd58dbb86ed817fd8n, 0x6d5ed1a533f34dddn,
  ],
  [
    0x28686aa3e36b7cb9n, 0x591abd3476689f36n, 0x047d766678f13875n, 0xa2a11112625f5b49n,
    0x21fd10a3f8304958n, 0xf9b40711443b0280n, 0xd2697eb8b2bde88en, 0x3493790b51731b3fn,
    0x11caf9dd73764023n, 0x7acfb8f72878164en, 0x744ec4db23cefc26n, 0x1e00e58f422c6340n,
  ],
  [
    0x21dd28d906a62ddan, 0xf32a46ab5f465b5fn, 0xbfce13201f3f7e6bn, 0xf30d2e7adb5304e2n,
    0xecdf4ee4abad48e9n, 0xf94e82182d395019n, 0x4ee52e3744d887c5n, 0xa1341c7cac0083b2n,
    0x2302fb26c30c834an, 0xaea3c587273bf7d3n, 0xf798e24961823ec7n, 0x962deba3e9a2cd94n,
  ],
];

/** The internal rounds, width 12. */
export const INTERNAL_12: readonly bigint[] = [
  0x4adf842aa75d4316n, 0xf8fbb871aa4ab4ebn, 0x68e85b6eb2dd6aebn, 0x07a0b06b2d270380n,
  0xd94e0228bd282de4n, 0x8bdd91d3250c5278n, 0x209c68b88bba778fn, 0xb5e18cdab77f3877n,
  0xb296a3e808da93fan, 0x8370ecbda11a327en, 0x3f9075283775dad8n, 0xb78095bb23c6aa84n,
  0x3f36b9fe72ad4e5fn, 0x69bc96780b10b553n, 0x3f1d341f2eb7b881n, 0x4e939e9815838818n,
  0xda366b3ae2a31604n, 0xbc89db1e7287d509n, 0x6102f411f9ef5659n, 0x58725c5e7ac1f0abn,
  0x0df5856c798883e7n, 0xf7bb62a8da4c961bn,
];

/** The internal matrix is `1 + diag` of these, width 12. */
export const DIAGONAL_12: readonly bigint[] = [
  0xfffffffeffffffffn, 0x0000000000000001n, 0x0000000000000002n, 0x7fffffff80000001n,
  0x0000000000000003n, 0x0000000000000004n, 0x7fffffff80000000n, 0xfffffffefffffffen,
  0xfffffffefffffffdn, 0xbfffffff40000001n, 0x3fffffffc0000000n, 0xdfffffff20000001n,
];
