/** A table of a FlatBuffer, as far as Arrow's messages need it: fields are found by number, and may be changed in place. */
export class FlatTable {
  readonly view: DataView;
  readonly at: number;
  readonly #fields: number;

  /** @param at where the table begins; throws RangeError for places outside of the buffer */
  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
    this.#fields = at - view.getInt32(at, true);
  }

  /** The root table of a buffer. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  /** Where a field's value is; undefined where it has its default. */
  place(field: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry >= this.view.getUint16(this.#fields, true)) return undefined;
    const offset = this.view.getUint16(this.#fields + entry, true);
    return offset === 0 ? undefined : this.at + offset;
  }

  table(field: number): FlatTable | undefined {
    const place = this.place(field);
    return place === undefined
      ? undefined
      : new FlatTable(this.view, place + this.view.getUint32(place, true));
  }

  byte(field: number): number {
    const place = this.place(field);
    return place === undefined ? 0 : this.view.getUint8(place);
  }

  int64(field: number): number {
    const place = this.place(field);
    return place === undefined ? 0 : Number(this.view.getBigInt64(place, true));
  }

  /** A vector of structs. */
  vector(field: number): { start: number; length: number } {
    const place = this.place(field);
    if (place === undefined) return { start: 0, length: 0 };
    const start = place + this.view.getUint32(place, true);
    return { start: start + 4, length: this.view.getUint32(start, true) };
  }

  /** Gives a field its default. */
  clear(field: number): void {
    this.view.setUint16(this.#fields + 4 + 2 * field, 0, true);
  }
}
