//! The author's test vectors (`rust/src/curve.rs` of <https://github.com/pornin/ecgfp5>).

use super::*;

fn w(words: [u64; 5]) -> [F; 5] {
    words.map(F::new)
}

fn decode(words: [u64; 5]) -> Affine {
    Affine::decode(&w(words)).expect("a point of the vectors")
}

const W1: [u64; 5] = [
    12539254003028696409,
    15524144070600887654,
    15092036948424041984,
    11398871370327264211,
    10958391180505708567,
];
const W2: [u64; 5] = [
    11001943240060308920,
    17075173755187928434,
    3940989555384655766,
    15017795574860011099,
    5548543797011402287,
];
/// P1 + P2.
const W3: [u64; 5] = [
    246872606398642312,
    4900963247917836450,
    7327006728177203977,
    13945036888436667069,
    3062018119121328861,
];
/// 2 P1.
const W4: [u64; 5] = [
    8058035104653144162,
    16041715455419993830,
    7448530016070824199,
    11253639182222911208,
    6228757819849640866,
];
/// 2 P2.
const W5: [u64; 5] = [
    10523134687509281194,
    11148711503117769087,
    9056499921957594891,
    13016664454465495026,
    16494247923890248266,
];
/// 2 P1 + P2.
const W6: [u64; 5] = [
    12173306542237620,
    6587231965341539782,
    17027985748515888117,
    17194831817613584995,
    10056734072351459010,
];
/// P1 + 2 P2.
const W7: [u64; 5] = [
    9420857400785992333,
    4695934009314206363,
    14471922162341187302,
    13395190104221781928,
    16359223219913018041,
];

#[test]
fn additions() {
    let (p1, p2) = (decode(W1), decode(W2));
    let (q1, q2) = (Point::from(p1), Point::from(p2));
    assert_eq!(q1.add(&p2).encode(), w(W3));
    assert_eq!(q1.add(&p1).encode(), w(W4));
    assert_eq!(q1.double().encode(), w(W4));
    assert_eq!(q2.double().encode(), w(W5));
    assert_eq!(q1.double().add(&p2).encode(), w(W6));
    assert_eq!(q2.double().add(&p1).encode(), w(W7));
    assert_eq!(q1.add(&p1.neg()).encode(), [F::ZERO; 5]);
    assert_eq!(Point::NEUTRAL.add(&p1).encode(), w(W1));
    assert!(Point::NEUTRAL.double().is_neutral());
    assert!(q1.add_distinct(&p1).is_none());
    assert!(q1.add_distinct(&p1.neg()).is_none());
    assert!(Point::NEUTRAL.add_distinct(&p1).is_none());
}

#[test]
fn encodings() {
    for words in [W1, W2, W3, W4, W5, W6, W7] {
        assert_eq!(decode(words).encode(), w(words));
    }
    let undecodable = [
        [
            13557832913345268708,
            15669280705791538619,
            8534654657267986396,
            12533218303838131749,
            5058070698878426028,
        ],
        [
            135036726621282077,
            17283229938160287622,
            13113167081889323961,
            1653240450380825271,
            520025869628727862,
        ],
        [
            6727960962624180771,
            17240764188796091916,
            3954717247028503753,
            1002781561619501488,
            4295357288570643789,
        ],
        [
            4578929270179684956,
            3866930513245945042,
            7662265318638150701,
            9503686272550423634,
            12241691520798116285,
        ],
        [
            16890297404904119082,
            6169724643582733633,
            9725973298012340311,
            5977049210035183790,
            11379332130141664883,
        ],
        [
            13777379982711219130,
            14715168412651470168,
            17942199593791635585,
            6188824164976547520,
            15461469634034461986,
        ],
        [0; 5],
    ];
    for words in undecodable {
        assert_eq!(Affine::decode(&w(words)), None);
    }
}

#[test]
fn generator_is_four() {
    assert_eq!(decode([4, 0, 0, 0, 0]), generator());
    let Affine { x, y } = generator();
    assert_eq!(y.square(), x * x.square() + A * x + B);
}

#[test]
fn constants_of_the_weierstrass_form() {
    let (a, four_b) = (DOUBLE_ODD_A, FOUR_B);
    let b = four_b * F::new(4).inverse();
    assert_eq!(A * F::new(3), b * F::new(3) - a.square());
    assert_eq!(B * F::new(27), a * (a.square().double() - b * F::new(9)));
    assert_eq!(A_THIRD * F::new(3), a);
}

#[test]
fn multiplication() {
    let point = decode([
        7534507442095725921,
        16658460051907528927,
        12417574136563175256,
        2750788641759288856,
        620002843272906439,
    ]);
    let scalar = Scalar::from_limbs([
        0x0dd4221dc851181b,
        0x66412754ceec366d,
        0x76b464ff8f2f1408,
        0xd41625aaf83fcd28,
        0x037c441a02ccd0ba,
    ])
    .unwrap();
    let expected = [
        9486104512504676657,
        14312981644741144668,
        5159846406177847664,
        15978863787033795628,
        3249948839313771192,
    ];
    assert_eq!(Point::mul(&point, &scalar).encode(), w(expected));
    let minus_one = Scalar::ZERO.sub(&Scalar::ONE);
    assert_eq!(Point::mul(&point, &minus_one), point.neg().into());
    assert!(Point::mul(&point, &Scalar::ZERO).is_neutral());
}
