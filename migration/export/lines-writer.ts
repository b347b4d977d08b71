import { renameSync, rmSync, statSync } from 'node:fs';
import { fileFailure, temporaryName } from '../../common/files.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { Point } from '../../engines/contract/points.js';
import type { PointShape } from './canonical.js';
import type { PartShape } from './columns.js';
import { lineOf } from './lines.js';
import { syncedHash } from './part-writer.js';
import type { PartWriter, WrittenPart } from './written-part.js';
import { openZstd, type ZstdFile } from './zstd.js';

/** Bytes that are compressed at a time. */
const CHUNK = 1 << 20;

/** Writes a part as lines of JSON in one Zstandard frame, under a temporary name. */
export class LinesPartWriter implements PartWriter {
  readonly columns: ReadonlyMap<string, FieldType>;
  readonly #path: string;
  readonly #temporary: string;
  readonly #shape: PointShape;
  readonly #file: ZstdFile;
  #open = true;

  constructor(path: string, { fields }: PartShape, shape: PointShape) {
    this.#path = path;
    this.#temporary = temporaryName(path);
    this.#shape = shape;
    this.columns = new Map(fields.map(({ name, type }) => [name, type]));
    try {
      this.#file = openZstd(this.#temporary);
    } catch (error) {
      throw fileFailure(path, 'cannot be written', error);
    }
  }

  async write(points: readonly Point[]): Promise<void> {
    let lines: string[] = [];
    let size = 0;
    for (const point of points) {
      const line = `${lineOf(this.#shape, point)}\n`;
      lines.push(line);
      size += line.length;
      if (size < CHUNK) continue;
      await this.#write(lines);
      lines = [];
      size = 0;
    }
    if (size > 0) await this.#write(lines);
  }

  #write(lines: readonly string[]): Promise<void> {
    return this.#guarded(() => this.#file.write(Buffer.from(lines.join(''))));
  }

  finish(): Promise<WrittenPart> {
    return this.#guarded(async () => {
      await this.#file.end();
      this.#open = false;
      const written = { bytes: statSync(this.#temporary).size, sha256: syncedHash(this.#temporary) };
      renameSync(this.#temporary, this.#path);
      return written;
    });
  }

  discard(): void {
    if (this.#open) this.#file.abandon();
    this.#open = false;
    rmSync(this.#temporary, { force: true });
  }

  async #guarded<T>(work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.discard();
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      throw fileFailure(this.#path, 'cannot be written', error);
    }
  }
}
