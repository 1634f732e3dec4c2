private import Glibc

/// A short sleep of the test's thread while calls run on others.
enum Pause {
    static func short() { usleep(200) }
}
