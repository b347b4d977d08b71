import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../common/errors.js';
import { rowBatch, rowSpec } from '../../../engines/kit/rows.js';
import { IndexNotes, maintenanceMemoryMiB } from '../../../engines/pgvector/build-settings.js';
import { CopyIn } from '../../../engines/pgvector/copy.js';
import { copyStream } from '../../../engines/pgvector/copy-stream.js';
import { engine } from '../../../engines/pgvector/engine.js';
import { connectFailure, statementError } from '../../../engines/pgvector/errors.js';
import { createIndex } from '../../../engines/pgvector/indexes.js';
import { createStatements, layoutOf, readComment } from '../../../engines/pgvector/layout.js';
import { searchSettings, searchStatement } from '../../../engines/pgvector/sql.js';
import { vectorParameter } from '../../../engines/pgvector/vectors.js';

const endpoint = { host: 'h', port: 1, tls: false, secrets: {}, settings: {} };

function spec(index: Record<string, string | number>, metric: 'cosine' | 'dot' | 'l2' = 'l2', name = 't') {
  return rowSpec({ name, dimensions: 4, metric, capacity: 1000, index });
}

describe('binary COPY', () => {
  /** Written out by hand from PostgreSQL's documentation of the format. */
  test('is signature, flags, tuples of (int8, vector) in big-endian order, and the trailer', () => {
    const vectors = Float32Array.of(1, -2, 0.5, 0);
    const layout = layoutOf(rowSpec({ ...spec({}), dimensions: 2, metric: 'l2', capacity: 2 }));
    const batch = { ...rowBatch(7, 2, vectors), ids: Uint32Array.of(7, 4_294_967_295) };
    const whole = Buffer.concat([...copyStream(batch, layout)]).toString('hex');
    const tuple = (key: string, a: string, b: string) =>
      `0002${'00000008'}00000000${key}${'0000000c'}00020000${a}${b}`;
    expect(whole).toBe(
      [
        '5047434f50590aff0d0a00',
        '00000000',
        '00000000',
        tuple('00000007', '3f800000', 'c0000000'),
        tuple('ffffffff', '3f000000', '00000000'),
        'ffff',
      ].join(''),
    );
  });

  test('reads a view at its own offset', () => {
    const whole = Float32Array.of(9, 9, 1, -2);
    expect(vectorParameter(whole.subarray(2)).toString('hex')).toBe('000200003f800000c0000000');
    expect([...whole]).toEqual([9, 9, 1, -2]);
  });

  test('sends nothing more once the signal is raised, and rejects with its reason', async () => {
    const abort = new AbortController();
    const sent: string[] = [];
    const stream = Object.assign(new EventEmitter(), { writableNeedDrain: false });
    const connection = {
      query: (sql: string) => void sent.push(sql),
      sendCopyFromChunk: (chunk: Buffer) => void sent.push(chunk.toString()),
      endCopyFrom: () => void sent.push('end'),
      sendCopyFail: () => {
        sent.push('fail');
        copy.handleError(new Error('COPY from stdin failed'));
      },
      stream,
    };
    function* chunks() {
      yield Buffer.from('a');
      abort.abort(new Error('enough'));
      yield Buffer.from('b');
    }
    const copy = new CopyIn('COPY', chunks(), abort.signal);
    copy.submit(connection);
    copy.handleCopyInResponse(connection);
    await expect(copy.done).rejects.toThrow('enough');
    expect(sent).toEqual(['COPY', 'a', 'fail']);
  });

  test('waits for a full socket, and leaves no listener on it', async () => {
    const stream = Object.assign(new EventEmitter(), { writableNeedDrain: false });
    const sent: string[] = [];
    const connection = {
      query: () => undefined,
      sendCopyFromChunk: (chunk: Buffer) => {
        expect(stream.writableNeedDrain, 'it has drained').toBe(false);
        sent.push(chunk.toString());
        stream.writableNeedDrain = true;
        setImmediate(() => {
          stream.writableNeedDrain = false;
          stream.emit('drain');
        });
      },
      endCopyFrom: () => copy.handleReadyForQuery(),
      sendCopyFail: () => undefined,
      stream,
    };
    const chunks = ['a', 'b', 'c'];
    const copy = new CopyIn(
      'COPY',
      chunks.map((each) => Buffer.from(each)),
      new AbortController().signal,
    );
    copy.handleCopyInResponse(connection);
    await copy.done;
    expect(sent).toEqual(chunks);
    expect(stream.eventNames()).toEqual([]);
  });

  test('of more rows than a chunk holds, with vectors behind others in their buffer, is that of row by row', () => {
    const [dimensions, count] = [3, 1100];
    const whole = Float32Array.from({ length: 2 + dimensions * count }, (_, i) => Math.fround(i / 7 - 50));
    const vectors = whole.subarray(2);
    const layout = layoutOf(rowSpec({ ...spec({}), dimensions, metric: 'l2', capacity: count }));
    const before = Float32Array.from(whole);
    const at = Buffer.concat([...copyStream(rowBatch(5, count, vectors), layout)]);
    let position = 19;
    for (let row = 0; row < count; row++) {
      expect(at.readInt16BE(position)).toBe(2);
      expect(at.readBigInt64BE(position + 6)).toBe(BigInt(5 + row));
      expect(at.readInt32BE(position + 14)).toBe(4 + 4 * dimensions);
      expect(at.readInt16BE(position + 18)).toBe(dimensions);
      for (let i = 0; i < dimensions; i++)
        expect(at.readFloatBE(position + 22 + 4 * i)).toBe(vectors[row * dimensions + i]);
      position += 22 + 4 * dimensions;
    }
    expect(at.length).toBe(position + 2);
    expect(whole, 'the batch is left as it was').toEqual(before);
  });
});

describe('statements', () => {
  const target = (index: Record<string, string | number>) => {
    const { table, key, vectors } = layoutOf(spec(index));
    return { table, key: key.column, vector: vectors[0]!, metric: 'l2' as const, index };
  };

  test('an index is over what the quantization leaves of the vector, with the metric’s operator class', () => {
    const sql = (index: Record<string, string | number>, metric: 'cosine' | 'dot' | 'l2') => {
      const { table, vectors } = layoutOf(spec(index, metric));
      return createIndex(table, vectors[0]!, index);
    };
    expect(sql({ type: 'hnsw', quantization: 'none', m: 8, efConstruction: 32 }, 'cosine')).toBe(
      'CREATE INDEX ON "t" USING hnsw (("vector") vector_cosine_ops) WITH (m = 8, ef_construction = 32)',
    );
    expect(sql({ type: 'ivf', quantization: 'f16', nlist: 9 }, 'dot')).toBe(
      'CREATE INDEX ON "t" USING ivfflat (("vector"::halfvec(4)) halfvec_ip_ops) WITH (lists = 9)',
    );
    expect(sql({ type: 'hnsw', quantization: 'binary', m: 8, efConstruction: 32 }, 'l2')).toContain(
      'USING hnsw ((binary_quantize("vector")::bit(4)) bit_hamming_ops)',
    );
    expect(sql({ type: 'flat', quantization: 'none' }, 'l2')).toBeUndefined();
  });

  test('bits are ranked again by the full vectors, unless rescoring is off', () => {
    const binary = target({ type: 'hnsw', quantization: 'binary' });
    expect(searchStatement(binary, { candidates: 50 }, 10)).toBe(
      'SELECT "id", "vector" <-> $1::vector(4) AS distance FROM (SELECT "id", "vector" FROM "t" ORDER BY binary_quantize("vector")::bit(4) <~> binary_quantize($1::vector(4))::bit(4) LIMIT 50) AS candidates ORDER BY "vector" <-> $1::vector(4) LIMIT 10',
    );
    expect(searchStatement(binary, { rescore: false }, 10)).not.toContain('<->');
  });

  test('names are quoted', () => {
    const [createTable] = createStatements(layoutOf(spec({ type: 'flat' }, 'l2', 'a"b')));
    expect(createTable).toContain('CREATE TABLE "a""b" (');
  });

  test('a name that can be no column becomes one that can, and the comment tells it', () => {
    const names = ['', 'id', 'vector', 'ctid', 'a\0b', `${'ä'.repeat(40)}'\\`, 'plain', 'half \ud800'];
    const fields = names.map((name) => ({ name, type: 'integer' as const, nullable: true }));
    const layout = layoutOf({ ...spec({ type: 'flat' }), fields });
    const columns = layout.fields.map(({ column }) => column);
    expect(new Set(columns).size).toBe(names.length);
    expect(columns.filter((column) => /^vecproof_field_[0-9a-f]{16}$/.test(column))).toHaveLength(7);
    expect(columns).toContain('plain');
    const told = createStatements(layout)
      .flatMap((sql) => /IS E'(.*)'$/s.exec(sql)?.[1] ?? [])
      .map((text) => readComment(text.replace(/\\(.)/gs, '$1')))
      .flatMap((comment) =>
        comment !== undefined && 'role' in comment && comment.role === 'field' ? [comment.name] : [],
      );
    expect(told).toEqual(names.filter((name) => name !== 'plain'));
  });

  test('settings say what the search asks for, and nothing it does not', () => {
    const settings = searchSettings(
      { type: 'hnsw' },
      {
        ef: 40,
        iterativeScan: 'strict',
        maxScanTuples: 9,
      },
    );
    expect(settings).toContain('SET hnsw.ef_search = 40');
    expect(settings).toContain('SET hnsw.iterative_scan = strict_order');
    expect(settings).toContain('SET hnsw.max_scan_tuples = 9');
    expect(settings.join()).not.toContain('ivfflat');
    expect(searchSettings({ type: 'flat' }, {}).join()).not.toContain('enable_seqscan');
  });
});

describe('options', () => {
  const parse = (index: Record<string, unknown>, search: Record<string, unknown> = {}) =>
    engine.parseOptions({ index, search });

  test('defaults are pgvector’s own', () => {
    expect(parse({})).toMatchObject({
      state: 'ok',
      index: { type: 'hnsw', quantization: 'none', m: 16, efConstruction: 64 },
      search: { ef: 40 },
      variant: 'hnsw',
    });
    expect(parse({ type: 'ivf' })).toMatchObject({ index: { nlist: 100 }, search: { nprobe: 1 } });
  });

  test.each([
    [{ m: 40, efConstruction: 64 }, {}, 'efConstruction must be at least 2 * m (80)'],
    [{ type: 'ivf' }, { iterativeScan: 'strict' }, 'has no strict order there'],
    [{}, { ef: 1001 }, 'ef must be an integer from 1 to 1000'],
    [{}, { maxScanTuples: 5 }, 'maxScanTuples has no effect'],
    [{ quantization: 'binary' }, { rescore: false, candidates: 50 }, 'candidates has no effect'],
    [{ type: 'flat' }, { ef: 5 }, 'ef has no effect'],
    [{ quantization: 'sq8' }, {}, 'quantization must be one of none, f16, binary'],
  ])('%j %j is refused: %s', (index, search, message) => {
    const result = parse(index, search);
    expect(result.state).toBe('invalid');
    expect(JSON.stringify(result)).toContain(message);
  });

  test('what the server would refuse after loading is refused while planning', () => {
    const check = (dimensions: number, index: Record<string, unknown>, search = {}) => {
      const options = parse(index, search);
      if (options.state !== 'ok') throw new Error(JSON.stringify(options));
      return engine
        .checkData({ metric: 'l2', dimensions, count: 50, k: 10 }, options.index, options.search)
        .map(({ what }) => what);
    };
    expect(check(2000, {})).toEqual([]);
    expect(check(2001, {})[0]).toContain('at most 2000 dimensions');
    expect(check(2001, { quantization: 'f16' })).toEqual([]);
    expect(check(4001, { quantization: 'f16' })[0]).toContain('at most 4000');
    expect(check(16_000, { type: 'flat' })).toEqual([]);
    expect(check(4, { type: 'ivf', nlist: 51 })[0]).toContain('nlist must not exceed');
    expect(check(4, { quantization: 'binary' }, { candidates: 9 })[0]).toContain(
      'candidates must be at least k',
    );
  });
});

describe('building in memory', () => {
  test('the memory asked for grows with points, dimensions and m', () => {
    const memory = (count: number, dimensions: number, m: number) =>
      maintenanceMemoryMiB(dimensions, count, { type: 'hnsw', m });
    expect(memory(1000, 4, 16)).toBe(64);
    // 1,000,000 x (512 bytes + bookkeeping and neighbours), half as much again.
    expect(memory(1e6, 128, 16)).toBeGreaterThan(1500);
    expect(memory(1e6, 128, 32)).toBeGreaterThan(memory(1e6, 128, 16));
    expect(memory(1e6, 256, 16)).toBeGreaterThan(memory(1e6, 128, 16));
  });

  test('what the server says of it is kept', () => {
    const notes = new IndexNotes();
    notes.take('building index "x" on table "t"');
    notes.take('using 3 parallel workers');
    notes.take('hnsw graph no longer fits into maintenance_work_mem after 5177 tuples');
    expect(notes).toMatchObject({ workers: 3, spilledAfter: 5177 });
  });
});

describe('errors', () => {
  test('one of the socket is a lost connection, one of a statement stays what it is', () => {
    const refused = Object.assign(new Error('duplicate key'), { severity: 'ERROR', code: '23505' });
    expect(statementError(refused, endpoint)).toBe(refused);
    for (const lost of [
      new Error('Connection terminated unexpectedly'),
      Object.assign(new Error('terminating connection'), { severity: 'FATAL', code: '57P01' }),
    ]) {
      expect(statementError(lost, endpoint)).toBeInstanceOf(ConnectionLostError);
    }
  });

  test('one of the connection names the remedy', () => {
    const wrong = Object.assign(new Error('password authentication failed'), { code: '28P01' });
    expect(connectFailure(wrong, endpoint).message).toContain('check user and password');
  });
});
