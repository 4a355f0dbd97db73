"""Changes that somebody else wrote: files recognised, objects named, made `Change`s.

    wanted = [one for text in arguments for one in read_change(text, names)]
    changes = settled(wanted, halves)

`objects` reads what people write before `=FILE`; `aws_files`, `azure_files`,
`terraform` and `bundles` recognise content that names its object itself.
"""
