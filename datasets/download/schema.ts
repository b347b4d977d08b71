import { z } from 'zod';

const count = z.int().positive();
const text = z.string().min(1);
const hex = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `must be ${digits} hexadecimal digits`);

/** A path that stays inside the folder it is relative to. */
export const insideFolder = text.refine((path) => !/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(path), {
  message: 'must be a path inside the dataset folder',
});

/** One file of a dataset that is downloaded. */
export const remoteFileSchema = z
  .strictObject({
    /** Where it is kept, inside the dataset's folder. */
    file: insideFolder,
    url: z.url({ protocol: /^https?$/ }),
    /** Its exact size, or that of its part; any other is refused. */
    bytes: count.optional(),
    /** About its size, where the exact one is not known; more than twice as much is refused. */
    about: count.optional(),
    sha256: hex(64).optional(),
    md5: hex(32).optional(),
    /** Who states the checksum, where it is not the publisher. */
    checksumBy: text.optional(),
    /** Only the first rows of a larger file of big-ann-benchmarks' kind; `bytes` is the size of that part. */
    rows: count.optional(),
    /** An archive (zip, tar.gz): unpacked into the dataset's folder, to about so many bytes. */
    unpack: z.strictObject({ about: count }).optional(),
    /** Other hosts that the URL may redirect to. */
    redirects: z.array(text).default([]),
  })
  .superRefine((file, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if ((file.bytes === undefined) === (file.about === undefined))
      issue('bytes', 'must be given, or "about", and not both');
    if (file.rows !== undefined && file.bytes === undefined) issue('rows', 'must come with bytes');
    if (file.rows !== undefined && file.unpack !== undefined) issue('rows', 'cannot be taken of an archive');
  });

export type RemoteFile = z.infer<typeof remoteFileSchema>;

/** About how many bytes a file is. */
export function sizeOf(file: RemoteFile): number {
  return file.bytes ?? file.about!;
}
