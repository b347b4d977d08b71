import { createHash } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { InputError, messageOf } from '../../common/errors.js';
import { fileFailure, temporaryName } from '../../common/files.js';
import { readRegular } from '../../common/regular-file.js';
import { storedRows } from '../../datasets/formats/parquet/stored.js';
import { type TypedId, tenantText, typedText } from './typed-id.js';

/**
 * `ids.parquet`: which id of the source is which of the target, for the application and for people. Columns of text:
 * `source_type` (integer, string, uuid), `source_id`, `target_id`, `native_id` where the target's server knows the
 * point by another id than its client is asked with, and `source_tenant` where ids are of tenants, who may have the same.
 */
export interface IdRow {
  source: TypedId;
  /** Whose point it is; absent: of no tenant, or whoever's. */
  tenant?: string | undefined;
  target: string;
  native?: string | undefined;
}

const COLUMNS = ['source_type', 'source_id', 'target_id', 'native_id', 'source_tenant'] as const;
const OPTIONAL: readonly string[] = ['native_id', 'source_tenant'];
const TYPES = ['integer', 'string', 'uuid'] as const;

/** Writes rows as they come, under a temporary name; `finish` renames it and tells its SHA-256. */
export class IdFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #writer: ParquetWriter;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = temporaryName(path);
    const text = (name: string) =>
      ({
        name,
        type: 'BYTE_ARRAY',
        converted_type: 'UTF8',
        repetition_type: OPTIONAL.includes(name) ? 'OPTIONAL' : 'REQUIRED',
      }) as const;
    const schema = [{ name: 'root', num_children: COLUMNS.length }, ...COLUMNS.map(text)];
    this.#writer = this.#guarded(
      () => new ParquetWriter({ writer: fileWriter(this.#temporary), schema, createdBy: 'vecproof' }),
    );
  }

  write(rows: readonly IdRow[]): void {
    if (rows.length === 0) return;
    const data = [
      rows.map(({ source }) => source.type),
      rows.map(({ source }) => String(source.id)),
      rows.map(({ target }) => target),
      rows.map(({ native }) => native),
      rows.map(({ tenant }) => tenant),
    ];
    this.#guarded(() =>
      this.#writer.write({
        columnData: COLUMNS.map((name, i) => ({ name, data: data[i]! })),
        rowGroupSize: rows.length,
      }),
    );
  }

  finish(): string {
    return this.#guarded(() => {
      this.#writer.finish();
      const sha256 = createHash('sha256')
        .update(readRegular(this.#temporary, Number.POSITIVE_INFINITY))
        .digest('hex');
      renameSync(this.#temporary, this.#path);
      return sha256;
    });
  }

  abandon(): void {
    rmSync(this.#temporary, { force: true });
  }

  #guarded<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw fileFailure(this.#path, 'cannot be written', error);
    }
  }
}

/** @throws InputError if it cannot be read, or is no map in which every id stands once on each side */
export async function readIds(path: string): Promise<IdRow[]> {
  const fail = (what: string, cause?: unknown) =>
    new InputError(what, {
      where: path,
      next: 'a map of ids is Parquet with the text columns source_type, source_id and target_id',
      cause,
    });
  let objects: Record<string, unknown>[];
  try {
    objects = await storedRows(path);
  } catch (error) {
    throw fail(`the map of ids cannot be read: ${messageOf(error)}`, error);
  }
  const rows = objects.map((object, i) => {
    const [type, id, target, native, tenant] = COLUMNS.map((name) => object[name]);
    const known = TYPES.find((each) => each === type);
    const bad = known === undefined || typeof id !== 'string' || typeof target !== 'string';
    if (bad || (known === 'integer' && !/^-?\d+$/.test(id)))
      throw fail(`row ${i + 1} of the map of ids is none: ${JSON.stringify({ type, id, target })}`);
    const source: TypedId = { type: known, id: known === 'integer' ? BigInt(id) : id };
    return {
      source,
      target,
      ...(typeof native === 'string' && { native }),
      ...(typeof tenant === 'string' && { tenant }),
    };
  });
  requireInjective(rows, fail);
  return rows;
}

function requireInjective(rows: readonly IdRow[], fail: (what: string) => InputError): void {
  const sources = new Set<string>();
  const targets = new Map<string, TypedId>();
  for (const { source, target, tenant } of rows) {
    const key = tenant === undefined ? typedText(source) : tenantText(tenant, source);
    if (sources.has(key)) throw fail(`the map of ids has the ${source.type} id ${source.id} twice`);
    sources.add(key);
    const other = targets.get(target);
    if (other !== undefined)
      throw fail(
        `the map of ids makes one of two: the ${other.type} id ${other.id} and the ${source.type} id ${source.id} both become ${target}`,
      );
    targets.set(target, source);
  }
}
