import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../common/files.js';
import { packageRoot } from '../../../common/paths.js';
import { CASES } from './cases.js';

/** A test that plants a risk and sees that it is found: its file, and its title as it stands there. */
interface Planted {
  file: string;
  title: string;
}

export interface Risk {
  risk: string;
  /** Where it was met in public; empty: it is known from elsewhere. */
  seen: string;
  /** Step that finds it, and what it says. */
  check: string;
  tests: readonly Planted[];
}

const here = (...titles: string[]): Planted[] => titles.map((title) => ({ file: 'planted.test.ts', title }));
const at = (file: string, ...titles: string[]): Planted[] =>
  titles.map((title) => ({ file: `${file}.test.ts`, title }));

/** In the order of the steps that find them. */
export const RISKS: readonly Risk[] = [
  {
    risk: 'The metric is not the one that is declared',
    seen: 'chroma-core/chroma#3474 (a misspelt setting), haiku.rag#588, TrueMemory PR 658',
    check: '`inventory`: the measured metric contradicts the declared one',
    tests: [
      ...here('the declared metric is not the one that it computes'),
      ...at('inventory', 'names a declared metric that its scores contradict'),
      ...at('manifest', 'a metric that the source only declares is a loss'),
    ],
  },
  {
    risk: 'Counter, scan and reading by id disagree',
    seen: 'milvus-io/milvus#45485, #33774, #52055; neomjs/neo#13496',
    check: '`inventory`: counts; `export`: fewer points than the source counts is a failure',
    tests: [
      ...here('the source gives fewer points than it counts'),
      ...at('export', 'of a source that counts more than it gives is no export'),
    ],
  },
  {
    risk: 'One id in several tenants, or several times',
    seen: 'marten PR 5435, LightRAG PR 2247, airbyte PR 30079, milvus-lite#366',
    check: '`inventory`: ids that repeat, ids in several tenants',
    tests: [
      ...here('one id is in two tenants'),
      ...at('inventory', 'finds ids that repeat, in one tenant and over several, and points of no tenant'),
      ...at('verify', 'tells lost, strange and repeated points, and names each in a file'),
    ],
  },
  {
    risk: 'Filters of the source mean something of their own',
    seen: 'Chroma 0.5.12 ($ne matches missing), qdrant/qdrant#7016',
    check:
      '`inventory`: eight probes of its filters; `map`: each filter of the application with its translation',
    tests: at(
      'map',
      'takes permissions for required and filters for indexes, and translates filters and thresholds',
    ),
  },
  {
    risk: 'A rate limit, a short page or an error is taken for the end',
    seen: 'zilliztech/vts PR 133, milvus-io/milvus#29406, lancedb#1983, pymilvus#2394',
    check: '`export`: points read are compared with the counter; a page may be short',
    tests: here('the source gives fewer points than it counts'),
  },
  {
    risk: 'A source without snapshots changes while it is read',
    seen: 'qdrant/qdrant PR 6289, chroma copy',
    check: '`export`: two passes that agree, else `best-effort`, which is a decision',
    tests: at('export', 'a source without snapshots is read twice'),
  },
  {
    risk: 'Points of two moments are mixed after an interruption',
    seen: 'qdrant/migration (ranges are sampled anew)',
    check: '`export`: begins again where the snapshot is gone',
    tests: at('export', 'begins again where the snapshot is gone and the source has changed'),
  },
  {
    risk: 'The place cannot be enumerated, and the copy is empty',
    seen: 'semantica PR 1264, vector-io#51',
    check: 'any step: it is refused before anything runs',
    tests: here('a place cannot be enumerated'),
  },
  {
    risk: 'Vectors of two embedding models in one collection',
    seen: 'OpenViking#1066, zeph#1815, qmd PR 501',
    check: '`validate`: `models-mixed`, without a model; `embedding-differs`, where one is given',
    tests: at('validate', '%s by another model is found', 'embeds a sample again where a model is given'),
  },
  {
    risk: 'Vectors stand some rows beside their records already in the source',
    seen: 'alibaba/zvec#724',
    check: '`validate`: `vectors-shifted`, without a model',
    tests: at('validate', 'vectors shifted by %i rows are found', 'a part that is shifted is found'),
  },
  {
    risk: 'Which model, version and origin a vector has is lost',
    seen: 'OpenViking#1066',
    check: '`validate`: `provenance-missing`; the mapping: `provenance-dropped`',
    tests: here('some do not say which model made their vector'),
  },
  {
    risk: 'Different records have one vector, or one of zeros',
    seen: 'libsql#2197, MemMachine#1468',
    check: '`validate`: `vector-repeated`, `vector-zero`',
    tests: here('different texts have one vector', 'some vectors are zero'),
  },
  {
    risk: 'Dates without a zone or in several forms, numbers as text, broken encodings',
    seen: 'zilliztech/vts PR 128',
    check: '`validate`: `time-naive`, `dates-mixed`, `number-as-text`, `text-mojibake`',
    tests: here('times have no zone', 'numbers are written as text', 'texts were read in another encoding'),
  },
  {
    risk: 'Points are outside of every tenant, and every filter misses them',
    seen: 'pr-agent#2923, grepai PR 248',
    check: '`inventory`, `validate`: `tenant-missing`',
    tests: here('some belong to no tenant'),
  },
  {
    risk: 'An export has lost a field that the source had',
    seen: 'dify#25014',
    check: '`validate` against the inventory: `field-lost`, `share-changed`',
    tests: at('validate', 'finds what was lost or changed since the inventory'),
  },
  {
    risk: 'Thresholds are moved after the result is known',
    seen: '',
    check: '`migrate`: another threshold is a decision of its own',
    tests: at('migrate', 'thresholds, once there is a result, has to be accepted before there is another'),
  },
  {
    risk: 'A result of a step is changed by hand',
    seen: '',
    check: '`migrate`: hashes of all results and of its log',
    tests: at('migrate', 'a result that is gone', 'the log itself, which is refused'),
  },
  {
    risk: 'A file of the export is damaged or changed',
    seen: 'db-backup#572',
    check: '`verify`, `migrate`: SHA-256 of each file, sum of all points',
    tests: [
      ...here('a file is another than was written'),
      ...at('verify', 'is refused with exit code 2: %s'),
    ],
  },
  {
    risk: 'The source does not tell its metric, and the tool assumes one',
    seen: 'vector-io, zilliztech/vts, qdrant/skills PR 153',
    check: '`map`: `metric-not-told`',
    tests: here('no metric is declared'),
  },
  {
    risk: 'The metric changes on the way',
    seen: 'qdrant/qdrant#5106',
    check: '`map`: `metric-changed`',
    tests: here('another metric is chosen'),
  },
  {
    risk: 'Thresholds of the application mean something else, or the reverse',
    seen: 'mem0#4453, basic-memory PR 593',
    check: '`map`: thresholds are translated, `threshold-untranslatable`',
    tests: here('a score threshold has no equal in the target'),
  },
  {
    risk: 'Ids that differ by their type alone become one',
    seen: 'OpenViking PR 4458, VelesDB, qdrant/migration PR 276',
    check: '`map`: all ids are checked for collisions, also in the target’s own form',
    tests: at('map', 'finds that 7 and "7" would become one, and keeps them apart'),
  },
  {
    risk: 'Permissions are lost, and everybody sees everything',
    seen: '',
    check:
      '`map`: `required-missing`, `field-dropped`; points without them are never loaded; `verify`: the field differs',
    tests: here(
      'points have no permissions',
      'permissions are left out',
      'a permission is lost',
      'a permission is another',
    ),
  },
  {
    risk: 'Tenants are lost or mixed',
    seen: 'honcho PR 1195, chroma-core/chroma#7462, grepai PR 248',
    check: '`map`: `tenant-dropped`; `verify`: the tenant differs',
    tests: here('tenants are left out', 'a point gets into another tenant'),
  },
  {
    risk: 'Types drift: numbers and texts in one field',
    seen: 'haystack-core-integrations PR 1034, zilliztech/vts#79, PR 145',
    check: '`map`: `field-as-text`; `verify`: values are compared by type',
    tests: [...here('values of one field are of several types'), ...at('verify', 'an integer as text')],
  },
  {
    risk: 'A single value here, an array there',
    seen: 'zilliztech/vts PR 137',
    check: '`inventory`: scalars and arrays; `map`: `field-as-text`',
    tests: here('a field holds a single value in some points and an array in others'),
  },
  {
    risk: 'Null, missing and empty become one',
    seen: 'milvus-io/milvus#36346, zilliztech/vts (null to empty text)',
    check: '`map`: `null-as-missing`, `missing-as-null`; `verify`: null is not missing, 0 or empty',
    tests: [
      ...here(
        'a field is missing in some points, which the target cannot tell from null',
        'null becomes 0',
        'null becomes an empty array',
      ),
      ...at('verify', 'null for missing', 'an empty text for none'),
    ],
  },
  {
    risk: 'Arrays lose elements or become text',
    seen: 'vts, qdrant/migration (arrays abort)',
    check: '`verify`: arrays are compared element by element',
    tests: [...here('an array loses an element'), ...at('verify', 'a list as text')],
  },
  {
    risk: 'Nested objects are flattened for good, empty ones vanish',
    seen: 'zilliztech/vts 1522dfa (keys collide)',
    check: '`map`: `empty-object-as-missing`, `name-as-path`; `load`: two fields that become one are refused',
    tests: here(
      'an object has no keys',
      'a key holds a dot, which is a path in the target',
      'two fields become one',
    ),
  },
  {
    risk: 'Dates move by a zone, or lose their type',
    seen: 'zilliztech/vts PR 128, PR 139',
    check: '`map`: `timestamp-as-integer`; `verify`: microseconds are compared',
    tests: [...here('a time is read in another zone'), ...at('verify', 'a time in milliseconds')],
  },
  {
    risk: 'A point without a vector, or with NaN',
    seen: 'qdrant/migration#153, PR 297; zilliztech/vts PR 145',
    check: '`map`: `vector-absent`, `vector-not-finite`; absent is not empty',
    tests: here('a point has no vector', 'a vector is not finite'),
  },
  {
    risk: 'Further vectors, sparse ones, documents or URIs are left out in silence',
    seen: 'VelesDB PR 933, chroma copy (URIs), dify#25014',
    check: '`map`: `vector-dropped`, `uri-dropped`, `text-dropped`; `verify`',
    tests: here(
      'two vectors of a point are more than the target holds',
      'a sparse vector has no place in the target',
      'URIs are left out',
      'a URI is dropped',
      'a document is dropped',
    ),
  },
  {
    risk: 'Norms are lost under cosine, or precision',
    seen: 'qdrant/qdrant#2573, #4751; qdrant/migration PR 117',
    check: '`map`: `vector-normalised`, `vector-rounded`; `verify`: bit for bit where nothing was accepted',
    tests: here(
      'the target normalises vectors under cosine',
      'vectors are normalised',
      'vectors are rounded to half precision',
    ),
  },
  {
    risk: 'A text is longer than the target holds',
    seen: 'zilliztech/vts#79 (max_length)',
    check: '`map`: `text-too-long`, in bytes',
    tests: here('a text is longer than the target holds'),
  },
  {
    risk: 'Names change, and filters of the application miss everything',
    seen: 'pr-agent#2923',
    check: '`map`: `field-renamed`',
    tests: here('a field gets another name'),
  },
  {
    risk: 'A mapping is edited after somebody has accepted it',
    seen: '',
    check: '`load`, `migrate`: losses are computed again from the points',
    tests: [
      ...here('an edit of the file brings a loss that nobody has accepted'),
      ...at('load', 'stops at a loss that an edited mapping brings, and at one accepted for fewer points'),
    ],
  },
  {
    risk: 'A batch is acknowledged and not stored, or skipped after retries',
    seen: 'cyborgdb-migrate, Synapse-OSS PR 62, agentmemory PR 300, antfly#474',
    check: '`load`: each batch is read back before the cursor moves',
    tests: at(
      'write-batch',
      'that does not come back as it was written is a failure that names point and field',
    ),
  },
  {
    risk: 'A request is too large, and a refusal looks like a time-out',
    seen: 'qdrant/migration#30, pr-agent#3545',
    check:
      '`load`: batches are halved until the one point that is refused is found; a lost connection is no refusal',
    tests: at(
      'write-batch',
      'is halved until the one point that the target refuses is found; the others are written',
      'is no reject where the target is gone, whatever its error is called',
    ),
  },
  {
    risk: 'A second run doubles the points, or writes into a collection of somebody else',
    seen: 'zilliztech/vts#53, OpenViking PR 4458',
    check: '`load`: twice changes nothing; a collection that it has not made is refused',
    tests: at(
      'load',
      'without losses needs no decision, and verify finds all of it; twice changes nothing',
      'never writes to a collection that it has not made',
    ),
  },
  {
    risk: 'A process is killed between making and filling, and the empty collection is promoted',
    seen: 'TrueMemory#686',
    check: '`load`, `migrate`: state on disk before each step; done is only what was read back',
    tests: at('load', 'goes on with no collection but its own, empty or not, made or about to be made'),
  },
  {
    risk: 'Points are missing in the target, although counters agree',
    seen: 'dify#31622, qdrant/qdrant#5134, #4287; CockroachDB A-144650',
    check: '`verify`: every id of both sides',
    tests: here('points are lost after they were acknowledged'),
  },
  {
    risk: 'Somebody else writes to the target',
    seen: 'Ghostferry (target verifier)',
    check: '`load`: the counter; `verify`: extra points by name',
    tests: [
      ...here('somebody else writes to the target'),
      ...at('load', 'notices that somebody else has written to the target, and verify names the stranger'),
    ],
  },
  {
    risk: 'Ids and fields are right, and vectors belong to other records',
    seen: 'alibaba/zvec#724',
    check: '`verify`: vectors are compared by id',
    tests: [...here('vectors belong to other records'), ...at('verify', 'a vector of the next record')],
  },
  {
    risk: 'The target refuses single points, and they are skipped',
    seen: 'cyborgdb-migrate, agentmemory PR 300',
    check: '`load`: rejects with their cause, which block until somebody answers for them',
    tests: here('the target refuses a point, which somebody has to answer for'),
  },
  {
    risk: 'The index of the target is not tuned, or not used',
    seen: 'qdrant/qdrant#5101, khora PR 1205, yugabyte#26400',
    check: '`parity`: lost by approximate search and not exactly; recall by group',
    tests: at(
      'parity',
      'finds an index that is not tuned: all the same exactly, and lost by approximate search',
    ),
  },
  {
    risk: 'Filters mean something else after the move',
    seen: 'qdrant/qdrant#7016, pgvector#259',
    check: '`parity`: the cause is `filter`, in the groups with that filter alone',
    tests: at('parity', 'finds values that a filter reads otherwise, in the groups with that filter alone'),
  },
  {
    risk: 'The target ranks by another metric',
    seen: 'qdrant/qdrant#5106, mem0 PR 3994',
    check: '`parity`: by name and by cause',
    tests: at('parity', 'finds another metric, by name and by cause'),
  },
  {
    risk: 'What is shown has lost its permissions or owner',
    seen: '',
    check: '`parity`: each returned point is read, `required.missing`',
    tests: at('parity', 'finds points that have lost their owner, by name'),
  },
  {
    risk: 'Answers are compared before everything is loaded',
    seen: 'Meltwater',
    check: '`parity`: queries whose right answers are not there are set apart and counted',
    tests: at('parity', 'sets queries apart whose right answers are not there yet'),
  },
  {
    risk: 'The source is gone, and how it scored and filtered is not known any more',
    seen: 'Chroma 0.5.12 (filters changed with the version), chroma-core/chroma#3474',
    check:
      '`export` keeps the measured metric and the probes of its filters; `verify` holds the target against them',
    tests: at(
      'manifest',
      'has the measured metric and the probes of the source’s filters',
      'holds the target against what the source measured when it was exported',
    ),
  },
  {
    risk: 'New points get no ids any more, or expire no more',
    seen: 'zilliztech/vts#135 (automatic ids), Milvus’ collection.ttl.seconds',
    check: '`map`: `auto-ids-dropped`, `ttl-dropped`',
    tests: at('manifest', 'is a loss where the source makes ids or lets points expire'),
  },
  {
    risk: 'Version and provenance are ordinary fields of the source, and nobody reads them as such',
    seen: 'OpenViking#1066, zeph#1815',
    check: '`export`: parameters of the place; `map`: fields of the target for them; `verify` compares them',
    tests: at(
      'manifest',
      'says where version, provenance and language stand, by the place’s own parameters',
      'becomes fields of the names that it had, and comes back',
    ),
  },
  {
    risk: 'A collection for each tenant: one is forgotten, shared by two, or somebody else’s',
    seen: 'honcho PR 1195, LightRAG PR 2247, langgenius/dify#22922',
    check:
      '`map`: every point has a tenant; `load`: names that no two tenants share, none that is taken; `verify`: `tenant-counts`',
    tests: at(
      'tenants',
      'lacks a point of one tenant: verify names both',
      'is refused where one of the names is taken, before any is made',
      'is refused for points without a tenant',
    ),
  },
  {
    risk: 'Points that were left out are forgotten, or excuse others that are missing',
    seen: 'agentmemory PR 300, cyborgdb-migrate',
    check:
      '`verify`: rejects that somebody has accepted are counted apart, by the reason; all others are missing',
    tests: at('manifest', 'knows rejects that somebody has accepted, and only those'),
  },
  {
    risk: 'Fields that filters name have no index in the target: slow, or refused in strict mode',
    seen: 'Engram#626, #1609; qdrant-client#408, qdrant/qdrant#4237',
    check:
      '`map`: `filterable`, from the queries; `load` makes the indexes and tells the plan of each filter',
    tests: [
      ...at(
        'map',
        'takes permissions for required and filters for indexes, and translates filters and thresholds',
      ),
      ...at('plans', 'are told for each filter of the application'),
    ],
  },
  {
    risk: 'Integers beyond 2^53 are rounded',
    seen: 'FastGPT#2895, milvus-io/milvus#27856, qdrant/qdrant#5071, langchain4j#1747',
    check: '`inventory`: fields and ids beyond doubles; `verify`',
    tests: here('an integer beyond 2^53 is rounded'),
  },
  {
    risk: 'Texts come back in another Unicode form',
    seen: '',
    check: '`verify`: texts are compared as they stand',
    tests: here('a text is normalised to another Unicode form'),
  },
  {
    risk: 'Deleted points are served: they come back, or their deletion never arrives',
    seen: 'milvus-io/milvus#33015, #39201, #39131',
    check: '`monitor`: every hit of the target is looked up in the source, again after the lag',
    tests: at(
      'monitor',
      'finds planted drift, once each: lost hits with row and cause, and what is served although deleted',
    ),
  },
  {
    risk: 'One side goes stale after the cutover has begun: other vectors, other metadata',
    seen: 'OpenViking#1066, weaviate PR 11678',
    check: '`monitor`: overlap of the answers, with the row and the cause',
    tests: at(
      'monitor',
      'finds planted drift, once each: lost hits with row and cause, and what is served although deleted',
    ),
  },
  {
    risk: 'What is told of a migration later is prettier than it was',
    seen: '',
    check:
      '`record`: items follow from the log; `record --verify`: every hash, the chain of events, the items again',
    tests: at(
      'record',
      'names every file that was changed or is missing',
      'names what was changed in itself, also where its sum was computed again',
    ),
  },
];

/** What a person has to look at: no step finds it yet, or it is not a matter of moving. */
export const NOT_FOUND: readonly { risk: string; seen: string; why: string }[] = [
  {
    risk: 'Writes that go past the `DualWriter` while a collection is moved in operation',
    seen: 'weaviate PR 11678, PR 12211',
    why: 'a writer that nobody has named in the plan is not asked for its marker; `verify` against the source finds its rows afterwards',
  },
  {
    risk: 'Replicas of one cluster answer differently',
    seen: 'qdrant/qdrant#5101, #4258, #7309',
    why: 'a place is one address: give parity the address of each replica',
  },
  {
    risk: 'Deleted points come back after a compaction or a restart',
    seen: 'milvus-io/milvus#33015, #39201, #39131, #15201',
    why: 'without a cutover each run is of one moment: `verify` again later finds them by name, as points of the target alone',
  },
  {
    risk: 'Erased data stays in files of the engine',
    seen: 'sqlite-vec#54, #178',
    why: 'files of engines are not looked into',
  },
  {
    risk: 'A database gives a stable, wrong answer to every way of reading',
    seen: 'milvus-io/milvus#52055',
    why: 'three counts are compared; if they agree, there is nothing to compare with',
  },
];

const PAGE = join(packageRoot, 'docs/migration-risks.md');

export function readRisks(): string {
  return readFileSync(PAGE, 'utf8');
}

export function writeRisks(): void {
  writeFileAtomic(PAGE, renderRisks());
}

/** `docs/migration-risks.md`. */
export function renderRisks(): string {
  const named = ({ file, title }: Planted) => `${file.replace('.test.ts', '')}: ${title}`;
  return [
    '# What goes wrong in migrations, and what finds it',
    '',
    'Each of these was planted in a source, an export, a mapping, a load or a target, and found by the step named here. The list is',
    'made of `test/migration/helpers/risks.ts` by the tests (`VECPROOF_WRITE_DOCS=1 npx vitest run test/migration/planted.test.ts`),',
    'which hold that every test named here exists.',
    '',
    ...table(
      ['risk', 'met in', 'found by', 'test (in test/migration)'],
      RISKS.map(({ risk, seen, check, tests }) => [risk, seen, check, tests.map(named).join('; ')]),
    ),
    '',
    '## Not found',
    '',
    ...table(
      ['risk', 'met in', 'why'],
      NOT_FOUND.map(({ risk, seen, why }) => [risk, seen, why]),
    ),
    '',
    '## The public cases, one by one',
    '',
    `${CASES.length} reports of what happened to somebody while vectors were moved, each with what finds it here or rules it out. Titles of`,
    'tests under `test/unit` have their path before them; the others are in `test/migration`.',
    '',
    ...table(
      ['', 'met in', 'what happened', 'found or ruled out by', 'test'],
      CASES.map(({ met, what, check, tests }, i) => [
        String(i + 1),
        met,
        what,
        check,
        tests.map(([file, title]) => `${file.replace('../', '')}: ${title}`).join('; '),
      ]),
    ),
    '',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((each) => each.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
