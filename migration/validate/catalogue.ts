/** `error`: data are wrong or will be; `warning`: they may be; `note`: worth knowing before they are moved. */
export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Check {
  /** What it finds. */
  finds: string;
  severity: Severity;
  /** What to do about it. */
  remedy: string;
}

/** Every check of `validate`, in the order of reports; docs/migration.md lists them by a test. */
export const CHECKS = {
  'file-damaged': {
    finds: 'a file of the export is missing or is not the one that was written',
    severity: 'error',
    remedy: 'restore the file from a copy, or export again',
  },
  'count-differs': {
    finds: 'points read are not as many as the manifest, the engine’s counter or the inventory says',
    severity: 'error',
    remedy: 'export again while nothing is written, and compare with the source',
  },
  'content-differs': {
    finds: 'the points are not those whose hashes the manifest adds up',
    severity: 'error',
    remedy: 'export again: the files were put together from several exports, or written by a faulty program',
  },
  'ids-differ': {
    finds: 'as many points as the inventory has, with other ids',
    severity: 'error',
    remedy: 'take the inventory again, or find out what replaced the points',
  },
  'written-meanwhile': {
    finds: 'other points than the inventory has, no more of them than were written between the two',
    severity: 'note',
    remedy: 'nothing: the change log has them, and the target gets them from it',
  },
  'id-repeated': {
    finds: 'several points have one id',
    severity: 'error',
    remedy: 'remove all but one of each, or give them ids of their own: they are not loaded',
  },
  'id-empty': {
    finds: 'ids that are empty or white space',
    severity: 'warning',
    remedy: 'give these points an id: some engines never return an empty one',
  },
  'id-beyond-doubles': {
    finds: 'integer ids outside of ±(2^53 - 1)',
    severity: 'warning',
    remedy: 'read them as 64-bit integers or text everywhere: JSON in JavaScript rounds them',
  },
  'id-in-several-tenants': {
    finds: 'one id in several tenants',
    severity: 'error',
    remedy:
      'move them by ids of tenant and id ("vecproof map --ids tenant"), which they get by themselves: else one would overwrite the other',
  },
  'tenant-missing': {
    finds: 'points of no tenant beside points of one',
    severity: 'warning',
    remedy: 'say whose they are: every filter by tenant misses them',
  },
  'vector-missing': {
    finds: 'points without a vector that others have',
    severity: 'warning',
    remedy: 'embed them, or accept that they are not found',
  },
  'vector-length': {
    finds: 'vectors with other dimensions than the collection’s',
    severity: 'error',
    remedy: 'embed these points again with the collection’s model',
  },
  'vector-not-finite': {
    finds: 'vectors with NaN or infinity',
    severity: 'error',
    remedy: 'embed these points again: no engine can compare them',
  },
  'vector-zero': {
    finds: 'vectors of which every number is 0',
    severity: 'warning',
    remedy:
      'embed these points again: under cosine they have no direction, and engines treat them differently',
  },
  'norms-mixed': {
    finds: 'lengths of vectors in two groups, such as 1 and others',
    severity: 'warning',
    remedy: 'normalise all or none: under dot and l2 the groups are not comparable',
  },
  'norms-under-cosine': {
    finds: 'vectors of different lengths under cosine, which engines that normalise do not give back',
    severity: 'note',
    remedy: 'keep the length in a field if it is needed after the move',
  },
  'vector-repeated': {
    finds: 'points with different texts and the same vector',
    severity: 'warning',
    remedy: 'embed these points again: often the model answered an error or an empty text for them',
  },
  'models-mixed': {
    finds: 'vectors of two embedding models in one collection',
    severity: 'error',
    remedy: 'embed the smaller group again with the model of the other: the two never find each other',
  },
  'vectors-shifted': {
    finds: 'vectors that stand some rows beside the records that they belong to',
    severity: 'error',
    remedy: 'join vectors and records by id again, from the files that they were made of',
  },
  'text-vector-unrelated': {
    finds: 'neighbours by vector whose texts are no more alike than those of random pairs',
    severity: 'warning',
    remedy: 'find out what was embedded: the vectors may belong to other records',
  },
  'embedding-differs': {
    finds: 'vectors that the given model does not make of their texts',
    severity: 'error',
    remedy: 'find out which model and which text were embedded, or embed again',
  },
  'metric-contradicted': {
    finds: 'scores of another metric than the declared one',
    severity: 'error',
    remedy: 'search the target by the measured metric, as the application has done so far',
  },
  'type-drift': {
    finds: 'values of several types in one field, such as a text that became an array',
    severity: 'warning',
    remedy: 'make them one type, or map the field as text: typed engines refuse or change the others',
  },
  'number-as-text': {
    finds: 'numbers written as text',
    severity: 'warning',
    remedy: 'make them numbers: as text, 9 is above 10 and ranges are wrong',
  },
  'integer-beyond-doubles': {
    finds: 'integers in metadata outside of ±(2^53 - 1)',
    severity: 'warning',
    remedy: 'map the field as 64-bit integer or as text: JSON in JavaScript rounds them',
  },
  'dates-mixed': {
    finds: 'times in several forms in one field',
    severity: 'warning',
    remedy: 'make them RFC 3339 with a zone, or timestamps: as text they have no common order',
  },
  'time-naive': {
    finds: 'times without a zone',
    severity: 'warning',
    remedy: 'decide their zone before the move: readers take their own',
  },
  'null-and-missing': {
    finds: 'a field that is null in some points and missing in others',
    severity: 'note',
    remedy: 'decide whether they mean the same: many engines keep but one of them',
  },
  'share-changed': {
    finds: 'types, nulls or missing values of a field in other numbers than the inventory has',
    severity: 'error',
    remedy: 'compare with the source: the export changed values, or the source has changed',
  },
  'field-lost': {
    finds: 'a field, vector or part of the inventory that no point has any more',
    severity: 'error',
    remedy: 'export again; if it says who may see a point, load nothing before it is back',
  },
  'provenance-missing': {
    finds: 'points without a word on model, version or origin beside points with one',
    severity: 'warning',
    remedy: 'add it: which vectors must be made again is not known otherwise',
  },
  'provenance-none': {
    finds: 'no point says which model made its vector',
    severity: 'note',
    remedy: 'write it down with the collection before it is forgotten',
  },
  'text-broken': {
    finds: 'text with half of a surrogate pair, which is no Unicode',
    severity: 'error',
    remedy: 'correct it in the source: no other database can hold it',
  },
  'text-replaced': {
    finds: 'text with U+FFFD, the mark of characters that were lost',
    severity: 'warning',
    remedy: 'read these texts again from where they came, with the right encoding',
  },
  'text-mojibake': {
    finds: 'UTF-8 that was read as Latin-1 or Windows-1252 (Ã© for é)',
    severity: 'warning',
    remedy: 'decode these texts again; searches for the right words miss them',
  },
  'text-nul': {
    finds: 'text with U+0000',
    severity: 'warning',
    remedy: 'remove it: PostgreSQL and SQLite refuse or cut such texts',
  },
  'normal-forms-mixed': {
    finds: 'composed and decomposed letters in one field (é in two ways)',
    severity: 'warning',
    remedy: 'normalise to NFC: filters compare code points, and find one of the two',
  },
  'target-text-too-long': {
    finds: 'texts that are longer than the target holds',
    severity: 'error',
    remedy: 'shorten them, or keep them elsewhere and leave a URI',
  },
  'target-vector': {
    finds: 'vectors of a kind, number type or size that the target does not hold',
    severity: 'error',
    remedy: 'choose another target, or let the mapping convert or drop them',
  },
  'target-id': {
    finds: 'ids of a kind that the target does not hold',
    severity: 'warning',
    remedy: 'let the mapping write them as text, or keep a map of ids',
  },
  'target-name': {
    finds: 'names of fields that the target does not hold',
    severity: 'warning',
    remedy: 'rename them in the mapping',
  },
} as const satisfies Readonly<Record<string, Check>>;
export type CheckName = keyof typeof CHECKS;
export const CHECK_NAMES = Object.keys(CHECKS) as [CheckName, ...CheckName[]];
