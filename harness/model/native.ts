import { z } from 'zod';

const count = z.int().min(0);

/** What the machine code of one native library consists of, read from its file. */
const librarySchema = z.discriminatedUnion('state', [
  z.strictObject({
    /** From the package's name on. */
    file: z.string(),
    state: z.literal('read'),
    instructions: count,
    /** Encoded by VEX or EVEX: AVX and later. */
    avx: count,
    /** With 256-bit and with 512-bit registers. */
    ymm: count,
    zmm: count,
  }),
  z.strictObject({ file: z.string(), state: z.literal('unknown'), reason: z.string() }),
]);

/** Native parts of an engine that runs in the build's own process. */
export const nativeSchema = z.strictObject({
  libraries: z.array(librarySchema),
  /** What the engine itself says of the instructions it uses. */
  said: z.string().optional(),
  /** Present: it runs as WebAssembly. */
  webAssembly: z.literal(true).optional(),
});
export type Native = z.infer<typeof nativeSchema>;

/**
 * Widest vector instructions that an engine's code holds. `none`: there is no AVX in it, so that it computes with 128-bit
 * registers whatever the processor has; that is certain. The others are upper ends: code that holds AVX-512 may choose at
 * run time. `wasm`: WebAssembly, 128 bits at most.
 */
export const instructionsSchema = z.enum(['none', 'avx', 'avx512', 'wasm', 'unknown']);
export type Instructions = z.infer<typeof instructionsSchema>;

/** Fewer may be data among the code that read like instructions. */
const LEAST = 10;

/** Undefined: the engine has no native part. */
export function instructionsOf({ libraries, webAssembly }: Native): Instructions | undefined {
  if (webAssembly === true) return 'wasm';
  if (libraries.length === 0) return undefined;
  const some = (key: 'avx' | 'zmm') => libraries.some((each) => each.state === 'read' && each[key] >= LEAST);
  if (some('zmm')) return 'avx512';
  if (libraries.some(({ state }) => state === 'unknown')) return 'unknown';
  return some('avx') ? 'avx' : 'none';
}

/** What a processor has, by its flags (`/proc/cpuinfo`). */
export function instructionsOfProcessor(flags: string): Instructions {
  const has = new Set(flags.split(/\s+/));
  return has.has('avx512f') ? 'avx512' : has.has('avx') ? 'avx' : 'none';
}

const WORDS: Readonly<Record<Instructions, string>> = {
  none: 'no AVX',
  avx: 'AVX',
  avx512: 'AVX-512',
  wasm: 'WebAssembly',
  unknown: 'instructions unknown',
};

export const instructionsText = (which: Instructions): string => WORDS[which];

/** One line for each library: `hnswlib-node/build/Release/addon.node: no AVX among 39 709 instructions`. */
export function nativeLines({ libraries, said, webAssembly }: Native): string[] {
  const lines = libraries.map((each) => {
    if (each.state === 'unknown') return `${each.file}: not known (${each.reason})`;
    const { file, instructions, avx, ymm, zmm } = each;
    const share = (n: number) => `${Number(((n / instructions) * 100).toPrecision(2))}%`;
    if (avx < LEAST) return `${file}: no AVX (${instructions} instructions)`;
    return `${file}: ${share(avx)} AVX of ${instructions} instructions, ${share(ymm)} with 256-bit and ${share(zmm)} with 512-bit registers`;
  });
  return [
    ...lines,
    ...(webAssembly === true ? ['WebAssembly: 128-bit vectors at most'] : []),
    ...(said === undefined ? [] : [`the engine says: ${said}`]),
  ];
}
