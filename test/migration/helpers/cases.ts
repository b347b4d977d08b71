/** A test: its file without `.test.ts`, as a path from test/migration, and its title as it stands there. */
type Test = readonly [file: string, title: string];

/** What happened to somebody in public while a collection was moved. */
export interface Case {
  /** Where. */
  met: string;
  what: string;
  /** Step that finds it or rules it out, and by what; where nothing does: why. */
  check: string;
  /** None: it is not found, or it does not concern this tool. */
  tests: readonly Test[];
}

const at = (file: string, ...titles: string[]): Test[] => titles.map((title) => [file, title]);

/** All of them, in the order in which they were collected. */
export const CASES: readonly Case[] = [
  {
    met: 'zilliztech/vts PR 133',
    what: 'a rate limit ended the reading loop, and the job ended normally with part of the rows',
    check: '`export`: an error is never an end; points read are compared with the counter',
    tests: [
      ...at('planted', 'the source gives fewer points than it counts'),
      ...at('export', 'of a source that counts more than it gives is no export'),
    ],
  },
  {
    met: 'milvus-io/milvus#45485, #33774',
    what: 'an iterator gives fewer rows than are counted, as the counter has keys twice',
    check: '`inventory`: counter, scanned and distinct ids; `export`: fewer points than counted is a failure',
    tests: [
      ...at('foreign/servers', 'a key that was inserted twice is noticed'),
      ...at('inventory', 'finds ids that repeat, in one tenant and over several, and points of no tenant'),
    ],
  },
  {
    met: 'milvus-io/milvus#52055',
    what: 'every way of reading gives the same part of the rows, for good',
    check:
      '`export`, `inventory`: only as far as the counter disagrees. Where counter, scan and reading by id agree on a wrong number, nothing is left to compare them with',
    tests: at('export', 'of a source that counts more than it gives is no export'),
  },
  {
    met: 'milvus-io/milvus-lite#366',
    what: 'pages repeat rows and leave out as many others, so that the number is right',
    check: '`inventory`, `validate`: `id-repeated`; `map`: an id that is there twice is refused',
    tests: at('cases', 'pages that repeat points and drop as many are found, although the counter agrees'),
  },
  {
    met: 'milvus-io/milvus#29406, pymilvus#1830',
    what: 'with keys that are there twice, pages are short and reading ends early',
    check: '`export`: a page may be short or empty, its end is told by the source; the counter is compared',
    tests: [
      ...at('cases', 'an empty page is not the end of a scan'),
      ...at('foreign/servers', 'a key that was inserted twice is noticed'),
    ],
  },
  {
    met: 'pymilvus#2394, #2017, #2292',
    what: 'an iterator gives its first batch alone after an upgrade; with offsets rows are lost',
    check: '`export`: pages by key, never by offset; the counter is compared',
    tests: at('planted', 'the source gives fewer points than it counts'),
  },
  {
    met: 'milvus-sdk-node, `queryIterator`',
    what: 'it stops after a number counted before, begins again after an empty page, and never reads the empty and the smallest key',
    check: '`export`: pages of its own, from the smallest key to an empty page',
    tests: at(
      'foreign/servers',
      'columns of each type, dynamic fields, the smallest key',
      'the empty key, keys in the order of their bytes, vectors of bits',
    ),
  },
  {
    met: 'lancedb#1983, #2046',
    what: 'a plain query gives 10 rows of 65',
    check: '`export`: points read are compared with the count of the same version',
    tests: at('export', 'of %s holds every point, and the source stays as it was'),
  },
  {
    met: 'chroma copy',
    what: 'offsets from one count, pages at the same time and in no order; URIs are dropped',
    check: '`export`: ids first, two passes that agree; `map`: `uri-dropped`; `verify` compares URIs',
    tests: [
      ...at('export', 'a source without snapshots is read twice'),
      ...at('planted', 'a URI is dropped', 'URIs are left out'),
    ],
  },
  {
    met: 'qdrant/qdrant PR 6289',
    what: 'a scroll loses points while segments change',
    check: '`export`: two passes that agree, else `best-effort`; the counter before and after',
    tests: at('export', 'a source without snapshots is read twice'),
  },
  {
    met: 'qdrant/qdrant#9192, #3260, #9523',
    what: 'scrolling by a field, or searching with an offset, repeats and skips points',
    check: '`export`: scrolls by id alone; ids that repeat are refused by `map`',
    tests: at('cases', 'pages that repeat points and drop as many are found, although the counter agrees'),
  },
  {
    met: 'cyborgdb-migrate',
    what: 'a batch that failed three times is skipped, the cursor is ahead of what was written',
    check:
      '`load`: the cursor moves behind what was read back; rejects block until somebody answers for them',
    tests: [
      ...at('planted', 'the target refuses a point, which somebody has to answer for'),
      ...at(
        'write-batch',
        'that does not come back as it was written is a failure that names point and field',
      ),
    ],
  },
  {
    met: 'agentmemory PR 300, Synapse-OSS PR 62',
    what: 'errors of single rows are swallowed; everything counts as migrated and nothing was stored',
    check: '`load`: done is only what was read back',
    tests: at(
      'write-batch',
      'that does not come back as it was written is a failure that names point and field',
    ),
  },
  {
    met: 'semantica PR 1264, VelesDB',
    what: 'a store that cannot be enumerated gives an empty copy; the first empty page is the end',
    check: 'any step: such a place is refused; `export`: the end is told by the source, not by a page',
    tests: [
      ...at('planted', 'a place cannot be enumerated'),
      ...at('cases', 'an empty page is not the end of a scan'),
    ],
  },
  {
    met: 'neomjs/neo#13496, #13503',
    what: 'searches work and the counter is right, but vectors of some ids cannot be read',
    check: '`inventory`: every scanned id is asked for again with its vector',
    tests: at(
      'cases',
      'ids without a readable vector, or with another one, are told apart from those that are gone',
    ),
  },
  {
    met: 'alibaba/zvec#724',
    what: 'ids and fields are right, and each vector belongs to another record',
    check: '`verify`: vectors by id; `validate`: `vectors-shifted` by the texts, without a model',
    tests: [
      ...at('planted', 'vectors belong to other records'),
      ...at('validate', 'vectors shifted by %i rows are found'),
    ],
  },
  {
    met: 'libsql#2197, MemMachine#1468',
    what: 'of two rows with the same vector, deleting one removes both from the index',
    check: '`validate`: `vector-repeated`; `verify`: records are searched for by their own vector',
    tests: [
      ...at('planted', 'different texts have one vector'),
      ...at('../unit/migration/retrieval', 'an index that misses more has lost them'),
    ],
  },
  {
    met: 'antfly#474, qdrant/qdrant#5134',
    what: 'acknowledged points are found by no search, while the state is “ready”',
    check: '`load`: read back, counted, index asked; `verify`: a sample is searched for, also exhaustively',
    tests: at(
      '../unit/migration/retrieval',
      'an index that misses more has lost them',
      'where the engine cannot compare all points, each that is not found is a difference',
    ),
  },
  {
    met: 'sqlite-vec#54, #178',
    what: 'deleted vectors stay in the file’s shadow tables',
    check:
      '`export` reads the virtual table, so none comes along. What stays in files of an engine that is given up is not looked into',
    tests: at('foreign/sqlite-vec', 'row ids, also negative ones, and of deleted rows none'),
  },
  {
    met: 'qdrant/qdrant#4287, #4258',
    what: 'points or payloads are gone after an upgrade, on some nodes, while counters say otherwise',
    check:
      '`verify`: every id and all content of both sides. A place is one address: give that of each replica',
    tests: at('planted', 'points are lost after they were acknowledged'),
  },
  {
    met: 'FastGPT#2895, milvus-io/milvus#27856, qdrant/qdrant#5071, #3002, #6841, langchain4j#1747',
    what: 'integers of 64 bits are rounded by JSON',
    check: '`inventory`: ids and fields beyond 2^53; `verify`; canaries of every pair',
    tests: [
      ...at('planted', 'an integer beyond 2^53 is rounded'),
      ...at('matrix', 'and back: it is as it was, but for the losses of both ways'),
    ],
  },
  {
    met: 'VelesDB, qdrant/migration PR 276',
    what: 'ids become digests, the original is dropped, collisions are not looked for',
    check: '`map`: ids stay where they fit; else by an injective rule, with a map for looking them up',
    tests: at(
      'map',
      'gives the target ids that can be looked up where its server has others',
      'finds that 7 and "7" would become one, and keeps them apart',
    ),
  },
  {
    met: 'OpenViking PR 4458',
    what: 'the number 7 and the text "7" become one point; collections of others are adopted',
    check: '`map`: collisions by type; `load`: only a collection with its own mark is written to',
    tests: [
      ...at('map', 'finds that 7 and "7" would become one, and keeps them apart'),
      ...at('load', 'never writes to a collection that it has not made'),
    ],
  },
  {
    met: 'pr-agent#2923, grepai PR 248',
    what: 'the recipe of ids changed: old points stay, and every filter misses them',
    check: '`inventory`, `validate`: `tenant-missing`; `verify`: points of the target alone, by name',
    tests: [
      ...at('planted', 'some belong to no tenant'),
      ...at('load', 'notices that somebody else has written to the target, and verify names the stranger'),
    ],
  },
  {
    met: 'qdrant/qdrant#5920',
    what: 'some ids differ after a copy',
    check: '`verify`: missing and extra ids, each by name',
    tests: at('verify', 'tells lost, strange and repeated points, and names each in a file'),
  },
  {
    met: 'zilliztech/vts#53, #135',
    what: 'a second run doubles the points; the target makes no ids any more',
    check: '`load`: twice changes nothing; `map`: `auto-ids-dropped`',
    tests: [
      ...at('load', 'without losses needs no decision, and verify finds all of it; twice changes nothing'),
      ...at('manifest', 'is a loss where the source makes ids or lets points expire'),
    ],
  },
  {
    met: 'airbyte PR 30079, #31550, #29827',
    what: 'the key is the id alone, so streams that share an index delete each other’s points; deletes are taken for records',
    check: '`map`: ids of tenants are kept apart; change feeds: deletes are events of their own',
    tests: [
      ...at(
        'repeated-ids',
        'is refused under a rule that would make one point of them, before anything is made',
      ),
      ...at('feeds', 'tell what was inserted, changed and deleted, each once'),
      ...at('../unit/changes/logs', 'a row that is another tenant’s point is told, not adopted'),
    ],
  },
  {
    met: 'zilliztech/vts PR 145',
    what: 'a row without a vector breaks the reader',
    check: '`export`: absent is a state; `map`: `vector-absent`',
    tests: at('planted', 'a point has no vector'),
  },
  {
    met: 'zilliztech/vts PR 137',
    what: 'one value is a scalar, several are an array',
    check: '`inventory`: scalars and arrays of each field; `map`: `field-as-text`',
    tests: at('planted', 'a field holds a single value in some points and an array in others'),
  },
  {
    met: 'zilliztech/vts PR 128, PR 139',
    what: 'times without a zone are read in the zone of the machine',
    check: '`export`: they stay the text that they are; `validate`: `time-naive`; `verify`: microseconds',
    tests: at('planted', 'times have no zone', 'a time is read in another zone'),
  },
  {
    met: 'zilliztech/vts 5192a7b, 1522dfa, c2a4cb5',
    what: 'integers become doubles, dynamic keys collide with fields, metadata are not converted',
    check: '`verify`: values by type; `load`: two fields that become one are refused',
    tests: [...at('verify', 'an integer as text'), ...at('planted', 'two fields become one')],
  },
  {
    met: 'db-backup#572, hushh-research PR 4689, constructive PR 1675',
    what: 'an array of UUIDs is written as raw bytes; operators are not found with an empty search path',
    check:
      '`export`: PostgreSQL’s own text of each type; the exact types are read back by another program. Dumps are not what moves points',
    tests: at('foreign/pgvector', 'what was refused is exported without what cannot be held'),
  },
  {
    met: 'qdrant/migration PR 297',
    what: 'a point without a dense vector comes back with an empty one',
    check: '`export`, `load`: absent is not empty, for each named vector',
    tests: [
      ...at('foreign/servers', 'named, sparse and multi vectors, ids of both kinds, payload of any JSON'),
      ...at('planted', 'a point has no vector'),
    ],
  },
  {
    met: 'VelesDB PR 933',
    what: '8 of 10 sources give no sparse vectors, without a word',
    check: '`map`: `vector-dropped`, which stops `load`',
    tests: at('planted', 'a sparse vector has no place in the target'),
  },
  {
    met: 'Chroma 0.5.11, 0.5.12',
    what: 'with a new version `$ne` finds records without the key, and offsets mean other rows',
    check: '`inventory`, `export`: version and eight probes of filters; `verify` compares them; no offsets',
    tests: at(
      'manifest',
      'has the measured metric and the probes of the source’s filters',
      'holds the target against what the source measured when it was exported',
    ),
  },
  {
    met: 'chroma-core/chroma#3474, ProbOS#189',
    what: 'a misspelt metric is accepted; index settings that are copied back make changes fail',
    check:
      '`inventory`: the metric is measured; `load`: index parameters are the target’s own, checked before and compared after',
    tests: [
      ...at('planted', 'the declared metric is not the one that it computes'),
      ...at('load', 'refuses two fields that become one, and index parameters that there are not'),
    ],
  },
  {
    met: 'mem0#4453, basic-memory PR 593',
    what: 'distances are taken for similarities, and thresholds drop the best hits',
    check: '`map`: thresholds are translated, or lost by name; `parity`: hits that cross them are counted',
    tests: at('planted', 'a score threshold has no equal in the target'),
  },
  {
    met: 'zilliztech/vts#127, PR 131, PR 144',
    what: 'an unknown metric becomes cosine, index parameters and the partition key are lost',
    check: '`map`: `metric-not-told`, `tenant-dropped`; `verify`: the index is the mapping’s',
    tests: [
      ...at('planted', 'no metric is declared', 'tenants are left out'),
      ...at('verify-findings', 'index-missing: the source has one, and the target compares every point'),
    ],
  },
  {
    met: 'qdrant/skills PR 153',
    what: 'of some sources neither dimension nor metric is read',
    check:
      '`map`: `metric-not-told` until somebody says it, or it was measured. Those engines are no sources here',
    tests: at('planted', 'no metric is declared'),
  },
  {
    met: 'Engram#626, #1609',
    what: 'filters without an index of their field are refused in strict mode, which staging did not have',
    check:
      '`inventory`: the strict mode of a collection; `map`: `filterable` for each field of the queries, whose index `load` makes. A rehearsal has the settings of the server that it is given',
    tests: at(
      'map',
      'takes permissions for required and filters for indexes, and translates filters and thresholds',
    ),
  },
  {
    met: 'qdrant-client#408, qdrant/qdrant#4237, khora PR 1205, yugabyte#26400',
    what: 'indexes of fields or vectors are forgotten, and searches scan',
    check: '`load`: index and plan of each filter; `verify`: `index-missing`, `index-differs`',
    tests: [
      ...at('plans', 'are told for each filter of the application'),
      ...at('verify-findings', 'index-missing: the source has one, and the target compares every point'),
    ],
  },
  {
    met: 'hindsight#2645',
    what: 'a tenant without its partial index gets slow and short answers',
    check: '`parity`: `returned.short` by group, small tenants as groups; `queries import` draws them first',
    tests: [
      ...at('../unit/migration/query-log', 'has rare kinds that a plain one would lack, and no query twice'),
      ...at('verify-findings', 'filters of a query file are asked of both sides'),
    ],
  },
  {
    met: 'qdrant/qdrant#5101, #7309',
    what: 'exact search finds what approximate search does not; nodes differ',
    check: '`parity`: exact with exact and approximate with approximate. One address at a time',
    tests: at(
      'parity',
      'finds an index that is not tuned: all the same exactly, and lost by approximate search',
    ),
  },
  {
    met: 'langgenius/dify#31622, #30726, #22922',
    what: 'child records were not moved, answers are empty; the layout of collections differs',
    check:
      '`verify`: every id; `parity`: queries whose right answers are not there; names with `{tenant}` for a collection each',
    tests: [
      ...at('planted', 'points are lost after they were acknowledged'),
      ...at('parity', 'sets queries apart whose right answers are not there yet'),
      ...at('tenants', 'is made, loaded and equal to the source, and loading twice changes nothing'),
    ],
  },
  {
    met: 'OpenViking#1066, zeph#1815, qmd PR 501, remnic#248, nexus-rag#362',
    what: 'another model of the same dimension is no error; detection fails on an empty collection; a change of dimension drops the table',
    check: '`validate`: `models-mixed` from the vectors, empty or not; `load` drops nothing',
    tests: [
      ...at('validate', 'embeds a sample again where a model is given'),
      ...at('cases', 'an empty collection goes through all steps'),
      ...at('load', 'never writes to a collection that it has not made'),
    ],
  },
  {
    met: 'qdrant/migration#30, pr-agent#3545, qdrant/qdrant#5774, qdrant-client PR 1459',
    what: 'batches are too large; a refusal looks like a time-out',
    check: '`load`: batches by bytes, halved where they are refused; no answer is no refusal',
    tests: at(
      'write-batch',
      'is halved until the one point that the target refuses is found; the others are written',
      'is no reject where the target is gone, whatever its error is called',
    ),
  },
  {
    met: 'vector-io#51',
    what: 'a source that lists nothing is “exported” by random searches',
    check: 'any step: such a place is refused',
    tests: at('planted', 'a place cannot be enumerated'),
  },
  {
    met: 'pinecone python-sdk#470, ts-client#226',
    what: 'counts cannot show that writes have arrived: five new and five deleted cancel out',
    check: '`monitor`: a marker point is written and waited for; `verify`: ids, not counts',
    tests: [
      ...at('monitor', 'of two equal sides is quiet, writes nothing to the source, and leaves no marker'),
      ...at('verify', 'tells lost, strange and repeated points, and names each in a file'),
    ],
  },
  {
    met: 'weaviate PR 11678, PR 12211',
    what: 'the copy begins before changes are captured, or ends before they all are',
    check:
      '`migrate`: capture is proven by a marker before the export; schedules of a simulation with this very fault',
    tests: at(
      '../unit/changes/cutover',
      'does not call capture on before a write that went past the log has ended',
    ),
  },
  {
    met: 'TrueMemory#686',
    what: 'a crash between making and filling, and the empty table is promoted',
    check: '`load`: state on disk before each step; loaded is what was counted and read back',
    tests: at('load', 'goes on with no collection but its own, empty or not, made or about to be made'),
  },
  {
    met: 'milvus-io/milvus#33015, #39201, #39131, #15201',
    what: 'deleted points come back after a day, a restart or a compaction',
    check:
      'cutover: deleted rows are asked for until the end of `observe`; `monitor`: served although deleted',
    tests: at(
      'monitor',
      'finds planted drift, once each: lost hits with row and cause, and what is served although deleted',
    ),
  },
  {
    met: 'milvus-io/milvus#48897, #24171',
    what: 'the counter tells half of the points, or twice as many during compaction',
    check: '`inventory`, `export`: the counter before and after against the points that were read',
    tests: at('planted', 'the source gives fewer points than it counts'),
  },
  {
    met: 'open-webui#10049, #11279',
    what: 'going back after a failed switch does not restore service; dimensions do not fit after it',
    check:
      'cutover: no share is raised unless the way back is alive; `rehearse`; `load`: the mapping’s own dimensions',
    tests: [
      ...at('../unit/changes/ramp', 'begins only while the reverse path is alive'),
      ...at('rehearsal', 'goes through every gate, and tells what each window would have lost'),
    ],
  },
  {
    met: 'marten PR 5435, LightRAG PR 2247, honcho PR 1195, chroma-core/chroma#7462',
    what: 'one table for all tenants, keyed by the id alone; data of one tenant are readable by another',
    check:
      '`inventory`, `validate`: `id-in-several-tenants`; `map`: `tenant` ids, or refused; `verify`: the tenant of each point; `parity`: `leaks`',
    tests: [
      ...at(
        'repeated-ids',
        'is kept apart by the tenant before it: all arrive, verify finds them equal, and the map leads back',
      ),
      ...at('planted', 'a point gets into another tenant'),
    ],
  },
];
