const BLOCK = 1024;
const FIRST_BLOCK = 16;

/**
 * Numbers in order, with repeats, as a list of sorted blocks of at most 1024: adding and removing move part of one block,
 * and reading a rank walks over the counts of the blocks. At 100,000 numbers that is faster than a balanced tree.
 */
export class SortedNumbers {
  size = 0;
  private readonly blocks: Float64Array[] = [];
  private readonly counts: number[] = [];

  static of(sorted: Float64Array): SortedNumbers {
    const numbers = new SortedNumbers();
    numbers.size = sorted.length;
    for (let at = 0; at < sorted.length; at += BLOCK / 2) {
      const part = sorted.subarray(at, at + BLOCK / 2);
      const block = new Float64Array(BLOCK);
      block.set(part);
      numbers.blocks.push(block);
      numbers.counts.push(part.length);
    }
    return numbers;
  }

  add(value: number): void {
    this.size++;
    if (this.blocks.length === 0) {
      this.blocks.push(new Float64Array(FIRST_BLOCK));
      this.counts.push(0);
    }
    let index = Math.min(this.blockOf(value), this.blocks.length - 1);
    if (this.counts[index] === this.blocks[index]!.length) {
      this.makeRoom(index);
      const ahead = this.blocks[index]!;
      if (value > ahead[this.counts[index]! - 1]! && index + 1 < this.blocks.length) index++;
    }
    const block = this.blocks[index]!;
    const count = this.counts[index]!;
    const at = placeIn(block, count, value);
    block.copyWithin(at + 1, at, count);
    block[at] = value;
    this.counts[index] = count + 1;
  }

  /** Takes out one of the numbers that equal `value`; there must be one. */
  remove(value: number): void {
    const index = this.blockOf(value);
    const block = this.blocks[index];
    const count = this.counts[index]!;
    const at = block === undefined ? 0 : placeIn(block, count, value);
    if (block === undefined || block[at] !== value) throw new Error(`${value} is not among the sorted numbers`);
    this.size--;
    block.copyWithin(at, at + 1, count);
    this.counts[index] = count - 1;
    if (count > 1) return;
    this.blocks.splice(index, 1);
    this.counts.splice(index, 1);
  }

  /** The number with so many before it. */
  at(rank: number): number {
    let index = 0;
    let left = rank;
    while (left >= this.counts[index]!) left -= this.counts[index++]!;
    return this.blocks[index]![left]!;
  }

  toArray(): Float64Array {
    const out = new Float64Array(this.size);
    let at = 0;
    this.blocks.forEach((block, i) => {
      out.set(block.subarray(0, this.counts[i]), at);
      at += this.counts[i]!;
    });
    return out;
  }

  /** The first block whose last number is not below `value`; the number of blocks when there is none. */
  private blockOf(value: number): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const count = this.counts[middle]!;
      if (count > 0 && this.blocks[middle]![count - 1]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes a full block longer, or splits it. */
  private makeRoom(index: number): void {
    const block = this.blocks[index]!;
    if (block.length < BLOCK) {
      const longer = new Float64Array(block.length * 2);
      longer.set(block);
      this.blocks[index] = longer;
      return;
    }
    const half = new Float64Array(BLOCK);
    half.set(block.subarray(BLOCK / 2));
    this.blocks.splice(index + 1, 0, half);
    this.counts.splice(index, 1, BLOCK / 2, BLOCK / 2);
  }
}

/** The first place among the first `count` numbers that is not below `value`. */
function placeIn(block: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (block[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
