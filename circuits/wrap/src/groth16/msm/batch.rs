//! Sums of groups of points, all at once: additions in affine coordinates that share an inversion.
//!
//! The slope of a sum is a quotient; with the product of all denominators inverted, three multiplications a
//! denominator give each one's inverse. Denominators are multiplied up from the first to the last, and taken off
//! again from the last to the first. What the formula does not cover is rare: equal points, opposite points, the
//! identity. They make the product zero, or are known to be there, and are then looked for and added exactly.

use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, Zero};

/// Points that are summed at once: as many as the caches hold, for few inversions.
pub(crate) const GROUP: usize = 4096;

/// Elements of a field, several at a time.
pub(crate) trait Lanes: Copy {
    /// How many.
    const WIDTH: usize;
    /// The field.
    type Field: Field;
    /// One element in memory.
    type Element: Copy + Send + Sync + PartialEq;

    /// From its words in a key.
    fn load(words: &[u64], negative: bool) -> Self::Element;
    /// To its words in a key.
    fn store(x: Self::Field, words: &mut [u64]);
    /// What it stands for.
    fn value(x: &Self::Element) -> Self::Field;
    /// The element that stands for this.
    fn element(x: Self::Field) -> Self::Element;

    /// Gathers elements, by their lane.
    fn gather<'a>(of: impl Fn(usize) -> &'a Self::Element) -> Self
    where
        Self::Element: 'a;
    /// Scatters them.
    fn scatter(&self, to: impl FnMut(usize, Self::Element));

    /// One in each lane, as far as products are concerned.
    fn one() -> Self;
    /// `self - other`; neither is a difference already, nor may the result be taken from anything.
    fn minus(&self, other: &Self) -> Self;
    /// The product.
    fn times(&self, other: &Self) -> Self;
    /// `self * other - less`.
    fn times_minus(&self, other: &Self, less: &Self) -> Self;
    /// `self^2 - less[0] - less[1]`.
    fn square_minus(&self, less: [&Self; 2]) -> Self;
    /// The inverse of each, if there is one of all.
    fn inverse(&self) -> Option<Self>;
    /// Whether the one in this lane is zero.
    fn is_zero(&self, lane: usize) -> bool;
}

/// A curve, and how its coordinates are counted with.
pub(crate) trait Curve: 'static {
    /// The curve.
    type Config: SWCurveConfig<BaseField = <Self::Lanes as Lanes>::Field>;
    /// Coordinates.
    type Lanes: Lanes;
    /// A point in a key: the words of x and y; zeros are the identity.
    type Packed: Copy + Default + Send + Sync + AsRef<[u64]> + AsMut<[u64]>;

    /// A point of a key that is not the identity.
    #[inline(always)]
    fn load(packed: &Self::Packed, negative: bool) -> PointOf<Self> {
        let (x, y) = halves(packed.as_ref());
        Point { x: Self::Lanes::load(x, false), y: Self::Lanes::load(y, negative) }
    }

    /// What it stands for.
    fn affine(point: &PointOf<Self>) -> Affine<Self::Config> {
        let [x, y] = [point.x, point.y].map(|x| Self::Lanes::value(&x));
        if y.is_zero() { Affine::zero() } else { Affine::new_unchecked(x, y) }
    }

    /// Asks for a point that is needed soon.
    #[inline(always)]
    fn prefetch(packed: &Self::Packed) {
        #[cfg(target_arch = "x86_64")]
        for line in packed.as_ref().chunks(8) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: asks for memory that is there, and reads none.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = packed;
    }
}

fn halves(words: &[u64]) -> (&[u64], &[u64]) {
    words.split_at(words.len() / 2)
}

/// The point as a key has it.
pub(crate) fn pack<C: Curve>(point: &Affine<C::Config>) -> C::Packed {
    let mut packed = C::Packed::default();
    if let Some((x, y)) = point.xy() {
        let half = packed.as_ref().len() / 2;
        let (first, second) = packed.as_mut().split_at_mut(half);
        C::Lanes::store(x, first);
        C::Lanes::store(y, second);
    }
    packed
}

/// The inverse of [`pack`].
#[cfg(test)]
pub(crate) fn unpack<C: Curve>(packed: &C::Packed) -> Affine<C::Config> {
    if packed.as_ref().iter().all(|word| *word == 0) {
        return Affine::zero();
    }
    C::affine(&C::load(packed, false))
}

/// Affine coordinates; the identity has a y of zero, which no point of odd order has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point<E> {
    pub(crate) x: E,
    pub(crate) y: E,
}

/// A point of this curve.
pub(crate) type PointOf<C> = Point<<<C as Curve>::Lanes as Lanes>::Element>;

/// Groups of points to be summed, and sums of groups.
pub(crate) struct Batch<C: Curve> {
    points: Vec<PointOf<C>>,
    /// Key and first point of each group.
    groups: Vec<(u32, u32)>,
    /// Whether there may be identities among the points.
    identities: bool,
    sums: Vec<(u32, PointOf<C>)>,
    pairs: Vec<[u32; 2]>,
    products: Vec<C::Lanes>,
}

impl<C: Curve> Default for Batch<C> {
    fn default() -> Self {
        Self {
            points: Vec::with_capacity(GROUP + 2 * C::Lanes::WIDTH),
            groups: Vec::new(),
            identities: false,
            sums: Vec::new(),
            pairs: Vec::with_capacity(GROUP / 2 + C::Lanes::WIDTH),
            products: Vec::with_capacity(GROUP / 2 / C::Lanes::WIDTH + 1),
        }
    }
}

impl<C: Curve> Batch<C> {
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Adds a group.
    pub(super) fn push(&mut self, key: u32, points: impl Iterator<Item = PointOf<C>>) {
        self.groups.push((key, self.points.len() as u32));
        self.points.extend(points);
    }

    /// The sums of all groups in order.
    pub(super) fn finish(mut self) -> Vec<(u32, PointOf<C>)> {
        self.sum();
        self.sums
    }

    /// Sums all groups that are there.
    ///
    /// In round n, points that are 2^n apart are added in pairs: the sum of a group comes to its beginning.
    pub(crate) fn sum(&mut self) {
        let len = self.points.len() as u32;
        let mut step = 1;
        loop {
            self.pairs.clear();
            let ends = self.groups.iter().skip(1).map(|group| group.1).chain([len]);
            for (&(_, start), end) in self.groups.iter().zip(ends) {
                let left = (start..end).step_by(2 * step as usize);
                let pairs = left.map(|left| [left, left + step]);
                self.pairs.extend(pairs.take_while(|pair| pair[1] < end));
            }
            if self.pairs.is_empty() {
                break;
            }
            self.add_pairs();
            step *= 2;
        }
        let sums = self.groups.drain(..).map(|(key, start)| (key, self.points[start as usize]));
        if self.identities {
            // They add nothing, and sums may be points of another batch.
            let zero = C::Lanes::element(AdditiveGroup::ZERO);
            self.sums.extend(sums.filter(|(_, sum)| sum.y != zero));
        } else {
            self.sums.extend(sums);
        }
        self.points.clear();
        self.identities = false;
    }

    /// Adds the right one of each pair to the left one.
    fn add_pairs(&mut self) {
        let len = self.points.len();
        if self.identities {
            let zero = C::Lanes::element(AdditiveGroup::ZERO);
            let points = &mut self.points;
            self.pairs.retain(|pair| {
                let [p, q] = pair.map(|i| points[i as usize]);
                if p.y == zero {
                    points[pair[0] as usize] = q;
                }
                p.y != zero && q.y != zero
            });
        }
        while !self.pairs.len().is_multiple_of(C::Lanes::WIDTH) {
            let pair = self.placeholder();
            self.pairs.push(pair);
        }
        let inverse = loop {
            let product = self.multiply_up();
            match product.inverse() {
                Some(inverse) => break inverse,
                None => self.settle(&product),
            }
        };
        self.add(inverse);
        self.points.truncate(len);
    }

    /// A pair of no points, but different ones, that fills a lane.
    fn placeholder(&mut self) -> [u32; 2] {
        let at = self.points.len() as u32;
        let [one, two] = [1u64, 2].map(|x| C::Lanes::element(x.into()));
        self.points.extend([one, two].map(|x| Point { x, y: one }));
        [at, at + 1]
    }

    /// The coordinates of a block's points on one side.
    #[inline(always)]
    fn gather(
        points: &[PointOf<C>],
        block: &[[u32; 2]],
        side: usize,
        coordinate: impl Fn(&PointOf<C>) -> &<C::Lanes as Lanes>::Element,
    ) -> C::Lanes {
        C::Lanes::gather(|lane| coordinate(&points[block[lane][side] as usize]))
    }

    /// The product of all differences of x, and what it was before each block.
    fn multiply_up(&mut self) -> C::Lanes {
        self.products.clear();
        let mut product = C::Lanes::one();
        for block in self.pairs.chunks_exact(C::Lanes::WIDTH) {
            let [x1, x2] = [0, 1].map(|side| Self::gather(&self.points, block, side, |p| &p.x));
            self.products.push(product);
            product = product.times(&x2.minus(&x1));
        }
        product
    }

    /// Adds the first pair of equal x of each lane, and puts a placeholder in its place.
    fn settle(&mut self, product: &C::Lanes) {
        for lane in (0..C::Lanes::WIDTH).filter(|&lane| product.is_zero(lane)) {
            // Once a product is zero, it stays so.
            let after = self.products.partition_point(|before| !before.is_zero(lane));
            let at = (after - 1) * C::Lanes::WIDTH + lane;
            let pair = self.pairs[at];
            let [p, q] = pair.map(|i| C::affine(&self.points[i as usize]));
            let sum = (p + q).into_affine();
            self.identities |= sum.is_zero();
            let (x, y) = sum.xy().unwrap_or_default();
            let [x, y] = [x, y].map(C::Lanes::element);
            self.points[pair[0] as usize] = Point { x, y };
            self.pairs[at] = self.placeholder();
        }
    }

    /// Adds, with the inverse of what [`Self::multiply_up`] gave.
    fn add(&mut self, mut inverse: C::Lanes) {
        let Self { points, pairs, products, .. } = self;
        let blocks = pairs.chunks_exact(C::Lanes::WIDTH).zip(products.iter());
        for (block, before) in blocks.rev() {
            let [x1, x2] = [0, 1].map(|side| Self::gather(points, block, side, |p| &p.x));
            let denominator = inverse.times(before);
            inverse = inverse.times(&x2.minus(&x1));
            let [y1, y2] = [0, 1].map(|side| Self::gather(points, block, side, |p| &p.y));
            let slope = y2.minus(&y1).times(&denominator);
            let x3 = slope.square_minus([&x1, &x2]);
            let y3 = slope.times_minus(&x1.minus(&x3), &y1);
            x3.scatter(|lane, x| points[block[lane][0] as usize].x = x);
            y3.scatter(|lane, y| points[block[lane][0] as usize].y = y);
        }
    }
}
