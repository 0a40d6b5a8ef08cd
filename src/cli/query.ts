import { ApiError, fetchDocument } from '../api/client.ts'
import { EXIT_FAILED, Failure } from '../failure.ts'

/** One document of the routelet behind the socket; without it the command ends with a line that says what to check. */
export async function query<T>(
  socket: string,
  resource: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<T> {
  try {
    return await fetchDocument<T>(socket, resource, parameters)
  } catch (error) {
    if (error instanceof ApiError) throw new Failure(EXIT_FAILED, [error.message], error)
    throw error
  }
}
