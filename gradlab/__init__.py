"""The instructor's tools: release, grade and report the assignments of this course with nbgrader."""
