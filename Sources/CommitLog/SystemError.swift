import Glibc

/// The system's words for an error number, with the number.
func systemErrorText(_ code: Int32) -> String {
    "\(String(cString: strerror(code))) (errno \(code))"
}
