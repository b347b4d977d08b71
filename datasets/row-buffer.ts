/**
 * Collects components of consecutive rows and hands them out in batches of whole rows. Sources append what
 * one page, slice or line gave, whatever its size; memory is bounded by a batch and one such piece.
 */
export class RowBuffer {
  private data: Float32Array;
  private out: Float32Array;
  private used = 0;
  private readonly dimensions: number;
  private readonly batchSize: number;

  constructor(dimensions: number, batchSize: number) {
    this.dimensions = dimensions;
    this.batchSize = batchSize;
    this.data = new Float32Array(dimensions);
    this.out = new Float32Array(0);
  }

  /** Room for `components` more; write them at `data[at ..]`, then call {@link commit}. */
  reserve(components: number): { data: Float32Array; at: number } {
    const needed = this.used + components;
    if (needed > this.data.length) {
      const grown = new Float32Array(Math.max(needed, Math.min(this.data.length * 2, needed + (1 << 20))));
      grown.set(this.data.subarray(0, this.used));
      this.data = grown;
    }
    return { data: this.data, at: this.used };
  }

  commit(components: number): void {
    this.used += components;
  }

  /**
   * The next full batch (`batchSize` rows), or with `final` whatever whole rows are left; undefined if there is
   * none. The array starts at byte 0 of its own buffer and is overwritten by the next call.
   */
  take(final: boolean): Float32Array | undefined {
    const rows = Math.min(this.batchSize, Math.floor(this.used / this.dimensions));
    if (rows === 0 || (rows < this.batchSize && !final)) return undefined;
    const components = rows * this.dimensions;
    if (this.out.length !== components) this.out = new Float32Array(components);
    this.out.set(this.data.subarray(0, components));
    this.data.copyWithin(0, components, this.used);
    this.used -= components;
    return this.out;
  }
}
