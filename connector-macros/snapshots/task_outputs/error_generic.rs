struct Video<'a, T: Clone, const N: usize>
where
    T: 'static,
{
    video: &'a [T; N],
}
