import { PitwallError } from '../../core/errors.js';

/** What no waiting repairs: somebody has to change the configuration or the code. */
const LASTING = new Set(['ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL', 'ELOOP', 'EXDEV']);
const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full; free space, the sink goes on by itself',
  EDQUOT: 'the quota is used up; free space, the sink goes on by itself',
  EACCES: 'permission is denied; give the process write access, the sink goes on by itself',
  EPERM: 'permission is denied; give the process write access, the sink goes on by itself',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'a folder stands where a file is to be written',
};

/** Any error of this sink as a PitwallError `sink-failed`. Errors of the system are retryable unless they must last. */
export function fileFault(sink: string, doing: string, error: unknown): PitwallError {
  if (error instanceof PitwallError) return error;
  const { code = '', errno, path, message } = error as NodeJS.ErrnoException;
  if (typeof errno !== 'number') {
    return new PitwallError('internal', `file sink "${sink}" failed while ${doing}: ${message}`, {
      stage: 'sink',
      cause: error,
    });
  }
  const at = path ? ` at ${path}` : '';
  return new PitwallError('sink-failed', `file sink "${sink}" failed while ${doing}${at}: ${ADVICE[code] ?? message}`, {
    stage: 'sink',
    retryable: !LASTING.has(code),
    cause: error,
  });
}
